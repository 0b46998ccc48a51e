import Glibc
import NIOCore
import NIOPosix

/// The standard streams of a process that is about to be started: its own ends, and channels on ours.
struct ProcessPipes {
    /// What the process is given as its descriptors 0, 1 and 2, for the one who starts it to close.
    let input, output, errors: Int32
    /// Its input and output.
    let messages: any Channel
    let errorOutput: any Channel

    /// Makes the pipes, their channels on the loop with the handlers that are made there.
    static func open(
        on eventLoop: any EventLoop, messages: @escaping @Sendable (any Channel) throws -> Void,
        errors: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> ProcessPipes {
        let input = try Pipe()
        let output = try Pipe()
        let error = try Pipe()
        let (toProcess, fromProcess) = (input.write, output.read)
        let channel = try await NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try messages(channel) } }
            .takingOwnershipOfDescriptors(input: fromProcess.number, output: toProcess.number).get()
        (toProcess.isOurs, fromProcess.isOurs) = (false, false)
        let errorChannel: any Channel
        do {
            errorChannel = try await NIOPipeBootstrap(group: eventLoop)
                .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try errors(channel) } }
                .takingOwnershipOfDescriptor(input: error.read.number).get()
        } catch {
            channel.close(promise: nil)
            throw error
        }
        error.read.isOurs = false
        for end in [input.read, output.write, error.write] { end.isOurs = false }
        return ProcessPipes(
            input: input.read.number, output: output.write.number, errors: error.write.number, messages: channel,
            errorOutput: errorChannel)
    }
}

/// The two ends of a pipe, which no other process inherits.
private struct Pipe {
    let read, write: Descriptor

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HTTPFailure.unsent(.notStarted) }
        // Subprocess closes all but the standard streams in what it starts, so nothing slips through before this.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        read = Descriptor(ends[0])
        write = Descriptor(ends[1])
    }
}

/// A file descriptor, closed with the last reference to it unless it has become somebody else's.
private final class Descriptor {
    let number: Int32
    var isOurs = true

    init(_ number: Int32) { self.number = number }

    deinit { if isOurs { close(number) } }
}
