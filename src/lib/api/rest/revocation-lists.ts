import { z } from 'zod';
import { listImported } from '../../events/certificate-events.ts';
import { actorOf } from '../actor.ts';
import { importedView } from '../certificate-views.ts';
import { type Route, route } from '../route.ts';
import { RevocationListImported } from '../schema/certificates.ts';
import type { AuthorityPorts } from './authorities.ts';

export function revocationListRoutes({ certificates, recorder, clock }: AuthorityPorts): Route[] {
  return [
    route({
      method: 'PUT',
      path: '/cas/{id}/crl',
      tag: 'certificates',
      summary: 'Import a revocation list that an external authority published',
      description:
        'The body is a complete list (RFC 5280), in PEM or DER, up to limits.payload-bytes-max. It takes the place of the one before, unless that one is newer (`conflict`). ' +
        'Sessions of certificates that it names are cut, and those that it does not name any more count again. It stays in force after its `nextUpdate`.',
      permission: 'certificate:write',
      params: z.object({ id: z.string().max(200) }),
      rawBody: true,
      adds: true,
      responses: { 200: RevocationListImported },
      async handle({ project, principal, params, body }) {
        const actor = actorOf(principal);
        const imported = await certificates.lists.import(project, params.id, Buffer.from((body as unknown as Uint8Array | undefined) ?? []), actor);
        const { list, repeated } = imported;
        if (!repeated) recorder.record(listImported(certificates.authorities.get(project, params.id), list, imported.certificates, actor, clock()));
        return { status: 200, body: importedView(imported, clock()) };
      },
    }),
  ];
}
