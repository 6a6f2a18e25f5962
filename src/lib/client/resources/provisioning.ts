import type {
  Approve,
  Approved,
  Claim,
  ClaimCreate,
  ClaimCreated,
  ClaimedDevice,
  ClaimQuery,
  ClaimRequest,
  Identity,
  ProvisioningRule,
  ProvisioningRuleCreate,
  ProvisioningRuleUpdate,
  ProvisioningTest,
  ProvisioningVerdict,
  RejectDevice,
  RenewedToken,
} from '../../api/schema/provisioning.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface ProvisioningResources {
  readonly claims: {
    list(filters?: Filters<ClaimQuery>, options?: ListOptions): AsyncGenerator<Claim>;
    create(claim: ClaimCreate): Promise<ClaimCreated>;
    show(id: string): Promise<Claim>;
    revoke(id: string): Promise<Claim>;
    devices(id: string, options?: ListOptions): AsyncGenerator<ClaimedDevice>;
  };
  readonly provisioningRules: {
    list(options?: ListOptions): AsyncGenerator<ProvisioningRule>;
    create(rule: ProvisioningRuleCreate): Promise<ProvisioningRule>;
    show(id: string): Promise<ProvisioningRule>;
    update(id: string, change: ProvisioningRuleUpdate): Promise<ProvisioningRule>;
    delete(id: string): Promise<void>;
    test(trial: ProvisioningTest): Promise<ProvisioningVerdict>;
  };
  /** As a device: the client's token is that of a claim. */
  claim(request: ClaimRequest): Promise<Identity>;
  /** As the device itself. */
  renew(device: string): Promise<RenewedToken>;
  approve(device: string, change?: Approve): Promise<Approved>;
  reject(device: string, options?: RejectDevice): Promise<void>;
}

export function provisioningResources(connection: Connection): ProvisioningResources {
  return {
    claims: {
      list: (filters, list) => connection.pages('/claims', filters, list),
      create: (body) => connection.request('POST', '/claims', { body }),
      show: (id) => connection.request('GET', pathOf('claims', id)),
      revoke: (id) => connection.request('DELETE', pathOf('claims', id)),
      devices: (id, list) => connection.pages(`${pathOf('claims', id)}/devices`, {}, list),
    },
    provisioningRules: {
      list: (list) => connection.pages('/provisioning-rules', {}, list),
      create: (body) => connection.request('POST', '/provisioning-rules', { body }),
      show: (id) => connection.request('GET', pathOf('provisioning-rules', id)),
      update: (id, body) => connection.request('PATCH', pathOf('provisioning-rules', id), { body }),
      delete: (id) => connection.request('DELETE', pathOf('provisioning-rules', id)),
      test: (body) => connection.request('POST', '/provisioning-rules/test', { body }),
    },
    claim: (body) => connection.request('POST', '/claim', { body }),
    renew: (device) => connection.request('POST', `${pathOf('devices', device)}/renew`),
    approve: (device, body = {}) => connection.request('POST', `${pathOf('devices', device)}/approve`, { body }),
    reject: (device, body = {}) => connection.request('POST', `${pathOf('devices', device)}/reject`, { body }),
  };
}
