import { Args, Flags } from '@oclif/core';
import { CA_COLUMNS } from '../../lib/cli/certificate-columns.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { readPublicPem } from '../../lib/cli/read-pem.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class CaRegister extends HubCommand<typeof CaRegister> {
  static override summary = 'Register a certificate authority of somebody else';
  static override description =
    `Devices may then log in with certificates that it issued. It counts once somebody has proven to hold its key: the hub gives a proof code, the authority makes a certificate with that code as its common name, and --proof sends it. With --key the command does all of it at once; the key is read here and sent nowhere. --trust does without a proof: you answer for it.

Which device a certificate means is for --identity to say: where its name stands (cn, dns, uri), and what it is, its {id} or an alias: {serial}, {imei}, {iccid}, {mac}. What stands around it must be there as it is written.`;
  static override args = {
    name: Args.string({ description: 'What to call it', required: true }),
    file: Args.string({ description: 'PEM file with its certificate; - for stdin' }),
  };
  static override flags = {
    identity: Flags.string({ summary: 'Where its certificates name their device (default cn:{id})', helpValue: '<rule>' }),
    claim: Flags.string({ summary: 'Devices that are not known yet may come with its certificates, by this claim', helpValue: '<claim>' }),
    proof: Flags.string({
      summary: 'PEM file with a certificate of it that is made out to the proof code',
      helpValue: '<file>',
      exclusive: ['key', 'trust', 'identity', 'claim'],
    }),
    key: Flags.string({ summary: 'PEM file with its private key, to make the proof here', helpValue: '<file>', exclusive: ['trust'] }),
    trust: Flags.boolean({ summary: 'Without a proof' }),
  };
  static override examples = [
    '<%= config.bin %> ca register factory factory.pem --key factory.key',
    '<%= config.bin %> ca register factory factory.pem --identity "cn:{serial}"',
    '<%= config.bin %> ca register factory factory.pem --trust --identity "uri:urn:acme:{id}"',
    { description: 'The second step, with a proof that the authority made:', command: '<%= config.bin %> ca register factory --proof proof.pem' },
  ];

  async run(): Promise<void> {
    this.checkColumns(CA_COLUMNS);
    const { name, file } = this.args;
    const { identity, claim, proof, key, trust } = this.flags;
    if ((file === undefined) === (proof === undefined))
      throw new MusterError('usage', 'Give the file of the certificate, or --proof.', {
        hint: 'The certificate first; --proof once the hub has given its code.',
      });
    if (proof !== undefined) {
      const hub = await this.writable();
      return this.printOne(await hub.cas.prove(name, await readPublicPem(proof, this.signal)), CA_COLUMNS);
    }
    const certificate = await readPublicPem(file ?? '-', this.signal);
    const prover = key === undefined ? null : await (await import('../../lib/enrolment/prove-authority.ts')).readAuthorityKey(key, certificate);
    const hub = await this.writable();
    const registered = await hub.cas.create({
      kind: 'external',
      id: name,
      certificate,
      trusted: trust,
      ...(identity === undefined ? {} : { identity }),
      ...(claim === undefined ? {} : { claim }),
    });
    if (prover !== null && registered.proof !== null) return this.printOne(await hub.cas.prove(name, prover(registered.proof)), CA_COLUMNS);
    await this.printOne(registered, CA_COLUMNS);
    if (registered.proof === null) return;
    this.say(`It counts once it is proven: make a certificate of it with the common name ${registered.proof}, then`);
    this.say(`  muster ca register ${name} --proof FILE`);
  }
}
