/** The device library: `import { Device, Gateway } from 'muster/device'`. */
export type { JsonValue, SampleValue } from '../domain/value.ts';
export { MusterError } from '../errors/muster-error.ts';
export type { CallCommand, CallHandler, ConfigCommand, ConfigHandler, DeviceCommand, SetCommand, SetHandler } from './commands.ts';
export { type CloseOptions, Device, type DeviceCounts } from './device.ts';
export { DeviceError, type DeviceErrorCode, Rejected } from './device-error.ts';
export type { AlarmReport } from './endpoint.ts';
export type { DeviceEvents } from './events.ts';
export { type ChildDevice, Gateway } from './gateway.ts';
export type { HubClock } from './hub-clock.ts';
export type { ConnectOptions } from './hub-link.ts';
export { type ClaimedIdentity, fileIdentity, type Identity, type IdentityStore, memoryIdentity } from './identity.ts';
export type { DeviceObserver, MessageFacts } from './observer.ts';
export type { About, Claim, Credential, DeviceCertificate, DeviceOptions, StoreOptions, TlsOptions } from './options.ts';
export type { FullPolicy } from './outbox.ts';
export type { Report, ReportFormat, Values } from './report.ts';
