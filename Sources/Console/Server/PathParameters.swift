import Foundation
import Governance
import Hummingbird

extension AdminContext {
    /// A part of the path as what `read` makes of it.
    func parameter<Value>(_ name: String, _ wanted: String, _ read: (String) -> Value?) throws(Problem) -> Value {
        guard let value = parameters.get(name)?.removingPercentEncoding.flatMap(read) else { throw .invalid("\(name): \(wanted)") }
        return value
    }

    /// `{tenant}` of the path.
    func tenant() throws(Problem) -> TenantName { try parameter("tenant", Names.tenant) { TenantName($0) } }
}

/// What names must be, in words.
enum Names {
    static let tenant = "a tenant's name is [a-z0-9][A-Za-z0-9._-]{0,63}"
    static let account = "an account is a budget's name, _cap.<token id> or _tenant"
    static let budget = "a budget's name is [a-z0-9][A-Za-z0-9._-]{0,63}"
    static let upstream = "an upstream's name is [a-z][a-z0-9-]{0,31}"
    static let session = "a session's id is 32 lower-case hex digits"
    static let token = "a token's id is 64 lower-case hex digits"
}
