#if FAULT_POINTS
    import Glibc
    import Governance
    import Logging
#endif

/// The gaps in a paid call's life at which a test lets its node die, in their order. They are in debug builds only: in others a call passes
/// them without a trace.
enum FaultPoint: UInt8 {
    /// The hold is made; nothing has been sent upstream.
    case reserve
    /// The upstream has the request; nothing of its answer has been read.
    case forward
    /// The upstream's answer is read; nothing is charged.
    case answer
    /// The call is charged and its result recorded; nothing of the reply has been made.
    case settle
    /// The reply is made; what came before it (progress) has left, its last bytes have not.
    case reply
}

extension CallExchange {
    #if FAULT_POINTS
        /// Waits for ever at the gap that `SATGATE_FAULT_PARK` names, with a line in the log.
        func reach(_ point: FaultPoint, _ held: HeldCall) async {
            guard point == FaultPoint.parking else { return }
            gateway.logger(of: agent).notice("parked at a fault point", metadata: ["gap": "\(point)", "call": "\(held.charge.call)"])
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        }
    #else
        @inline(__always)
        func reach(_ point: FaultPoint, _ held: HeldCall) async {}
    #endif
}

#if FAULT_POINTS
    extension FaultPoint {
        /// Where this node's calls are parked.
        fileprivate static let parking: FaultPoint? = {
            guard let name = getenv("SATGATE_FAULT_PARK").map({ String(cString: $0) }) else { return nil }
            return [reserve, forward, answer, settle, reply].first { "\($0)" == name }
        }()
    }
#endif
