import type { IClientOptions } from 'mqtt';
import type { Credential, DeviceCertificate, DeviceOptions, TlsOptions } from './options.ts';

/** What every connection of the device has in common. */
export function baseOptions({ protocol = 'mqtt5', keepAliveSeconds = 60, connectTimeoutMs = 30_000 }: DeviceOptions): IClientOptions {
  return { protocolVersion: protocol === 'mqtt5' ? 5 : 4, clean: true, keepalive: keepAliveSeconds, connectTimeout: connectTimeoutMs };
}

/** mqtts:// takes it from the options, wss:// from those of the WebSocket. */
export function tlsOptions(tls: TlsOptions | undefined, certificate: DeviceCertificate | null): IClientOptions {
  const secured: Record<string, unknown> = { ...tls, ...certificate };
  return Object.keys(secured).length === 0 ? {} : { ...secured, wsOptions: secured };
}

export function certificateOf(credential: Credential): DeviceCertificate | null {
  return 'certificate' in credential ? credential.certificate : null;
}

/** User name and password. With a certificate the name alone: the certificate says the same, or the hub refuses. */
export function signInOptions(id: string, credential: Credential): IClientOptions {
  if ('token' in credential) return { clientId: id, username: id, password: credential.token };
  return 'password' in credential ? { clientId: id, username: id, password: credential.password } : { clientId: id, username: id };
}
