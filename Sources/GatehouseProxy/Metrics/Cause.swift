public import GatehouseHTTP

/// Why the core answered an exchange by itself, or cut its response short: a closed list, so that
/// it can be counted, and nothing of what a peer sent is in it.
public enum Cause: UInt8, CaseIterable, Sendable {
    /// The core did neither.
    case none
    /// The request could not be read; the fault says more.
    case malformedRequest
    /// The path has a second spelling that would be routed otherwise.
    case ambiguousPath
    /// No route takes the request.
    case noRoute
    /// The head of the request was not complete in time.
    case requestHeadTimeout
    /// The body of the request came too slowly.
    case requestBodyTimeout
    /// The body of the request is larger than the route takes.
    case bodyTooLarge
    /// As many exchanges as allowed are running.
    case tooManyExchanges
    /// The process uses too much memory.
    case memoryPressure
    /// A policy failed, or its library is missing.
    case policyFault
    /// The route has no upstream.
    case noUpstream
    /// The upstream takes no connection.
    case upstreamRefused
    /// The upstream's name has no address.
    case upstreamUnresolved
    /// This machine has no port, descriptor or memory for another upstream connection.
    case exhausted
    /// TLS with the upstream failed.
    case upstreamUntrusted
    /// No connection to the upstream in time.
    case connectTimeout
    /// As many upstream connections or waiting requests as allowed.
    case upstreamOverloaded
    /// The upstream closed before it answered.
    case upstreamClosed
    /// The upstream's response ended before it was complete.
    case upstreamTruncated
    /// The upstream's response could not be read; the fault says more.
    case malformedResponse
    /// Too many interim responses.
    case interimFlood
    /// The upstream switched protocols without being asked.
    case unaskedUpgrade
    /// The upstream did not begin to answer in time.
    case responseTimeout
    /// The upstream did not take the request in time.
    case upstreamStalled
    /// The upstream's body was silent for too long.
    case responseBodyTimeout
    /// The client did not take the response in time.
    case clientStalled
    /// A connection that was switched to another protocol was silent for too long.
    case upgradedIdle
    /// A request with a body asked to switch protocols.
    case upgradeWithBody

    /// Its short stable name: in the body of an answer, in the log, and as a label.
    public var code: String { String(describing: self) }

    /// The key of the configuration whose bound was reached; nil: none.
    public var limit: String? {
        switch self {
        case .requestHeadTimeout: "timeouts.requestHead"
        case .requestBodyTimeout: "timeouts.requestBody"
        case .bodyTooLarge: "limits.maxBody"
        case .tooManyExchanges: "limits.maxExchanges"
        case .memoryPressure: "limits.maxMemory"
        case .connectTimeout: "timeouts.connect"
        case .upstreamOverloaded: "limits.maxPendingRequests"
        case .responseTimeout: "timeouts.response"
        case .upstreamStalled, .clientStalled: "timeouts.write"
        case .responseBodyTimeout: "timeouts.responseBody"
        case .upgradedIdle: "timeouts.upgraded"
        default: nil
        }
    }
}

extension HTTPFault.Reason {
    /// The key of the configuration whose bound was reached by a request; nil: none.
    public var limit: String? {
        switch self {
        case .longHead: "limits.maxHead"
        case .longStartLine: "limits.maxRequestLine"
        case .tooManyFields: "limits.maxFields"
        default: nil
        }
    }

    /// Its place in the counters.
    var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
