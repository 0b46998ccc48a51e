import ArgumentParser

/// `satgate completions`: what a shell needs to complete this program's words.
struct CompletionsCommand: ParsableCommand {
    /// The shells that are known.
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a script that completes this program's words in a shell.")

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let script =
            switch shell {
            case .bash: SatGate.completionScript(for: .bash)
            case .zsh: SatGate.completionScript(for: .zsh)
            case .fish: SatGate.completionScript(for: .fish)
            }
        print(script, terminator: script.hasSuffix("\n") ? "" : "\n")
    }
}
