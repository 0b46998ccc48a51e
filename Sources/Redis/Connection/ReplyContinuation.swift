/// Who waits for a command's reply.
///
/// Every command given to a `LinkMachine` leaves it exactly once, so only debug builds pay for the check that it is resumed once.
#if DEBUG
    typealias ReplyContinuation = CheckedContinuation<Result<RedisReply, RedisError>, Never>
#else
    typealias ReplyContinuation = UnsafeContinuation<Result<RedisReply, RedisError>, Never>
#endif

/// Suspends until the continuation is resumed.
@inline(__always)
func withReplyContinuation(_ body: (ReplyContinuation) -> Void) async -> Result<RedisReply, RedisError> {
    #if DEBUG
        await withCheckedContinuation(body)
    #else
        await withUnsafeContinuation(body)
    #endif
}
