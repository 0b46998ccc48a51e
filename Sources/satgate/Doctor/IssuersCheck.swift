import Logging
import NIOPosix
import OAuth

/// Asks the authorization servers for their keys, as a node does.
struct IssuersCheck {
    let settings: NodeConfiguration

    /// None where there is no file, or it cannot be used, which is told elsewhere.
    func findings() async -> [Finding] {
        guard let file = settings.oauthFile, let statement = try? OAuthFile.read(file) else { return [] }
        let quiet = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
        do {
            let server = try ResourceServer(statement, on: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            return await server.attempt().map(Self.finding)
        } catch {
            return [.failure("oauth", "\(error)", why: "a node would not start", fix: "correct the file of authorities")]
        }
    }

    private static func finding(_ issuer: String, _ outcome: Result<Int, IssuerError>) -> Finding {
        switch outcome {
        case .success(let count): .good("oauth", "\(issuer) has \(count) keys")
        case .failure(let error):
            .failure(
                "oauth", "the keys of \(issuer) cannot be had: \(error)", why: "its tokens are answered with 503",
                fix: "look at issuer and keys_url, and at the way there")
        }
    }
}
