import Console
import Logging

/// Takes in what changes in the file of admin tokens; one that cannot be read changes nothing.
struct AdminTokensUpkeep {
    let file: String
    let credentials: AdminCredentials
    let logger: Logger
    /// Between two looks at the file; a change is taken in after two that see the same.
    var interval = Duration.milliseconds(200)

    /// Watches until cancelled.
    func watch() async {
        var watched = WatchedFile(path: file)
        while !Task.isCancelled {
            if let content = watched.look() { take(content) }
            try? await Task.sleep(for: interval)
        }
    }

    private func take(_ content: WatchedFile.Content) {
        do throws(ConfigurationError) {
            guard case .text(let text) = content else { throw ConfigurationError(file: file, line: nil, reason: "cannot be read") }
            credentials.replace(by: try AdminTokensFile.entries(in: YAMLNode.parse(text, file: file)))
        } catch {
            logger.error("the file of admin tokens is not used", metadata: ["error": "\(error)"])
        }
    }
}
