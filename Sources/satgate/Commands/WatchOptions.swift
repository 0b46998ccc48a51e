import ArgumentParser
import Foundation
import Glibc
import Governance

/// A list that may be shown again and again.
struct WatchOptions: ParsableArguments {
    @Flag(help: "Show it again every two seconds, until Ctrl-C.")
    var watch = false

    /// Prints what `output` makes: once, or every two seconds. On a terminal each takes the place of the one before; while Redis is out of
    /// reach that is said instead.
    func show(_ store: StoreOptions, _ output: (StoreOptions.Connection) async throws -> String) async throws {
        try await store.connected(watch ? nil : Progress()) { connection in
            guard watch else { return print(try await output(connection), terminator: "") }
            while true {
                let text: String
                do { text = try await output(connection) } catch StoreError.unavailable(let reason) {
                    text = "Redis is out of reach: \(reason)\n"
                }
                let clearing = isatty(STDOUT_FILENO) == 1 ? "\u{1B}[H\u{1B}[2J" : ""
                FileHandle.standardOutput.write(Data((clearing + text).utf8))
                try await Task.sleep(for: .seconds(2))
            }
        }
    }
}
