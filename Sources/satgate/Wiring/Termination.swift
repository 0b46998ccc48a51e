import Foundation
import Gateway
import Logging
import ServiceLifecycle
import UnixSignals

/// Hears the signals that end the node beside the group of its services, which the first of them stops: each further one hurries it. When
/// the grace is over the process ends, whatever is left. The last service to stop.
struct Termination: Service, CustomStringConvertible {
    let description = "signals"
    let drain: DrainControl
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
            await withDiscardingTaskGroup { group in
                var count = 0
                for await _ in signals {
                    count += 1
                    if count == 1 { group.addTask { await self.endAfterGrace() } } else { drain.hurry() }
                }
                group.cancelAll()
            }
        }
    }

    private func endAfterGrace() async {
        do { try await Task.sleep(for: .milliseconds(drain.grace)) } catch { return }
        logger.error("the grace to stop is over: what is left is cut")
        await LogPipe.standardError.flush(within: .milliseconds(500))
        exit(0)
    }
}
