import { type Property, type PropertyName, propertyNamed } from '../../../../helpers/mqtt-properties.ts';

/** A property with a value of the right form, whichever it is. */
export function anyProperty(name: PropertyName): Property {
  const { type } = propertyNamed(name);
  if (type === 'pair') return [name, ['a', 'b']];
  return [name, type === 'text' || type === 'binary' ? 'a' : 1];
}
