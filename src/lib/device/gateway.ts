import { isName, NAME_RULE } from '../domain/ids.ts';
import type { CallHandler, ConfigHandler, SetHandler } from './commands.ts';
import { Device } from './device.ts';
import { DeviceError } from './device-error.ts';
import type { AlarmReport, Endpoint } from './endpoint.ts';
import type { About } from './options.ts';
import type { Report, Values } from './report.ts';

/** A device behind a gateway: it has an identity in the hub, whose parent the gateway is, and no connection of its own. */
export interface ChildDevice {
  readonly id: string;
  /** As of Device. */
  report(values: Values, options?: Pick<Report, 'time' | 'quality'>): Promise<void>;
  reportAll(reports: readonly Report[]): Promise<void>;
  alarm(report: AlarmReport): Promise<void>;
  /** It is there, and this is what it says of itself. */
  born(about?: About): Promise<void>;
  /** The gateway reaches it no more. */
  died(reason: string): Promise<void>;
  onSet(handler: SetHandler): void;
  onCall(name: string | null, handler: CallHandler): void;
  onConfig(handler: ConfigHandler): void;
}

/** A device with others behind it, for which it reports and answers. */
export class Gateway extends Device {
  readonly #children = new Map<string, { readonly child: ChildDevice; readonly endpoint: Endpoint }>();

  /** The device of that id behind this gateway; the same each time. The hub must know it as a child of the gateway. */
  child(id: string): ChildDevice {
    const known = this.#children.get(id);
    if (known) return known.child;
    if (!isName(id)) throw new DeviceError('invalid_name', `"${id}" cannot be the id of a device.`, { hint: `Take ${NAME_RULE}.` });
    const endpoint = this.endpoint(() => id);
    const child: ChildDevice = {
      id,
      report: (values, options) => endpoint.report(values, options),
      reportAll: (reports) => endpoint.reportAll(reports),
      alarm: (report) => endpoint.alarm(report),
      born: (about = {}) => endpoint.tell('birth', { ts: this.clock.now(), ...about }),
      died: (reason) => endpoint.tell('death', { reason }),
      onSet: (handler) => endpoint.onSet(handler),
      onCall: (name, handler) => endpoint.onCall(name, handler),
      onConfig: (handler) => endpoint.onConfig(handler),
    };
    this.#children.set(id, { child, endpoint });
    return child;
  }

  /** Forgets a child, and what there is to do for it. */
  forget(id: string): void {
    this.#children.delete(id);
  }

  protected override filters(): readonly string[] {
    return [...super.filters(), ...[...this.#children.values()].flatMap(({ endpoint }) => endpoint.filters)];
  }

  protected override onDeviceMessage(device: string, kind: string, payload: Buffer): void {
    if (device === this.id) super.onDeviceMessage(device, kind, payload);
    else this.#children.get(device)?.endpoint.onMessage(kind, payload);
  }
}
