import Foundation
import HTTPWire

@testable import Upstreams

extension PoolLimits {
    /// With the codec that the suite is run with: `SATGATE_CODEC=strict swift test`.
    var asTested: PoolLimits {
        var limits = self
        if let codec = ProcessInfo.processInfo.environment["SATGATE_CODEC"].flatMap(HTTPCodec.init) { limits.codec = codec }
        return limits
    }
}
