/// Who waits for a connection to report something.
///
/// An exchange forgets it as it resumes it, so only debug builds pay for the check that it is resumed once.
#if DEBUG
    typealias ChangeContinuation = CheckedContinuation<Void, Never>
#else
    typealias ChangeContinuation = UnsafeContinuation<Void, Never>
#endif

/// Suspends until the continuation is resumed.
@inline(__always)
func withChangeContinuation(_ body: (ChangeContinuation) -> Void) async {
    #if DEBUG
        await withCheckedContinuation(body)
    #else
        await withUnsafeContinuation(body)
    #endif
}
