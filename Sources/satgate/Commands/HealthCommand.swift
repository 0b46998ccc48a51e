import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `satgate health`: asks the node of this machine how it is, for images that have no other program to ask with.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask the node of this machine whether it lives.",
        discussion: """
            Asks GET /healthz at admin.host and admin.port, taken from the same settings as serve's; where the node listens on all \
            addresses, at loopback. Exit 0 where the answer is 200, 1 where it is another or none, 78 for a bad setting.
            """)

    @Option(help: "A YAML file of settings, as for serve; SATGATE_ADMIN_PORT and so on go before it.")
    var config: String?
    @Flag(help: "Ask whether agents should be sent to it (GET /readyz) instead.")
    var ready = false
    @Option(help: "Seconds after which no answer is one.")
    var timeout = 3

    func validate() throws {
        guard (1...60).contains(timeout) else { throw ValidationError("--timeout must be 1 to 60") }
    }

    func run() async throws {
        let question: HealthQuestion
        do { question = try await HealthQuestion(file: config, environment: ProcessInfo.processInfo.environment) } catch {
            throw failure("\(error)", code: 78)
        }
        let status: Int
        do {
            status = try await question.ask(
                ready ? "/readyz" : "/healthz", within: .seconds(Int64(timeout)), on: MultiThreadedEventLoopGroup.singleton)
        } catch { throw failure("no answer from \(question.host):\(question.port): \(error)", code: 1) }
        guard status == 200 else { throw failure("\(question.host):\(question.port) answers \(status)", code: 1) }
        print("ok")
    }

    private func failure(_ text: String, code: Int32) -> ExitCode {
        FileHandle.standardError.write(Data("satgate: \(text)\n".utf8))
        return ExitCode(code)
    }
}
