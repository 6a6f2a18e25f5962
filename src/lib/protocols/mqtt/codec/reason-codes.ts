/** Reason codes of MQTT 5 (section 2.4). Below 0x80 is success. */
export const REASON = {
  success: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  implementationSpecific: 0x83,
  unsupportedVersion: 0x84,
  identifierNotValid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdInUse: 0x91,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const;
export type ReasonCode = (typeof REASON)[keyof typeof REASON];

/** CONNACK return codes of MQTT 3.1 and 3.1.1 (table 3.1). */
const CONNECT_RETURN = { accepted: 0, version: 1, identifier: 2, unavailable: 3, credentials: 4, notAuthorized: 5 } as const;
export type ConnectReturn = (typeof CONNECT_RETURN)[keyof typeof CONNECT_RETURN];

/** How MQTT 3.1 and 3.1.1 say in CONNACK what MQTT 5 says with a reason code. */
export function connectReturnOf(reasonCode: number): ConnectReturn {
  switch (reasonCode) {
    case REASON.success:
      return CONNECT_RETURN.accepted;
    case REASON.unsupportedVersion:
      return CONNECT_RETURN.version;
    case REASON.identifierNotValid:
      return CONNECT_RETURN.identifier;
    case REASON.badCredentials:
      return CONNECT_RETURN.credentials;
    case REASON.notAuthorized:
    case REASON.banned:
    case REASON.badAuthenticationMethod:
      return CONNECT_RETURN.notAuthorized;
    default:
      return CONNECT_RETURN.unavailable;
  }
}
