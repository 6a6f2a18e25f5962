import { z } from 'zod';
import { MANIFEST_KINDS } from '../../domain/manifest.ts';
import { Name, PageQuery, Text } from './common.ts';

const OBJECTS_MAX = 10_000;

export const ManagedObject = z.object({ kind: z.enum(MANIFEST_KINDS), name: Text(500) }).meta({ id: 'ManagedObject' });
export const ManifestSet = z.object({ name: z.string(), objects: z.number().int() }).meta({ id: 'ManifestSet' });
export const ManifestSetQuery = PageQuery;
export const ManifestSetChange = z.object({
  add: z.array(ManagedObject).max(OBJECTS_MAX).default([]).describe('whatever set they were in before'),
  remove: z.array(ManagedObject).max(OBJECTS_MAX).default([]).describe('from this set; the objects themselves stay'),
});
export const SetName = Name;

export type ManagedObject = z.infer<typeof ManagedObject>;
export type ManifestSet = z.infer<typeof ManifestSet>;
export type ManifestSetChange = z.input<typeof ManifestSetChange>;
