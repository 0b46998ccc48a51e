import Logging
import NIOCore
import OAuth
import OneShotHTTP

extension ResourceServer {
    /// As a file states it. `group`: threads that serve no agent. Throws where a file of authorities cannot be used.
    convenience init(_ statement: OAuthFile.Statement, on group: any EventLoopGroup, logger: Logger) throws {
        try self.init(statement.resource, statement.issuers, pace: statement.pace, logger: logger) { authorities in
            do { return try OneShotClient(on: group, authorities: authorities) } catch {
                guard let authorities else { throw error }
                throw ConfigurationError(file: authorities, line: nil, reason: "cannot be used as authorities")
            }
        }
    }
}
