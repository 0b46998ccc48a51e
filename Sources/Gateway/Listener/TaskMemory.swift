import CTask

/// The memory in which the current task keeps the frames of its functions.
enum TaskMemory {
    /// Bytes that the frames of a call take from its socket to the upstream and back, and some to spare.
    private static let usual = 16 << 10

    /// Gets it in one piece: the runtime's own steps are of a thousand bytes, and a call would need a dozen of them.
    static func reserve() { satgate_task_reserve(usual) }
}
