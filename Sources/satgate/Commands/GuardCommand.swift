import ArgumentParser
import Upstreams

/// What a node starts in front of each upstream that is a process: see `ProcessGuard`. Not for people.
struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ProcessGuard.command, abstract: "Runs a program that must not outlive its standard input.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String]

    func run() { ProcessGuard.run(arguments) }
}
