/** What is expected on the data path is a value; exceptions are for I/O and bugs. */
export type Result<Value, Failure> = { readonly ok: true; readonly value: Value } | ({ readonly ok: false } & Failure);
