/// Rung from anywhere, heard in one place; rings that nobody has heard yet are one.
struct Bell: Sendable {
    /// A value for each time that it was rung.
    let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { continuation.yield() }
}
