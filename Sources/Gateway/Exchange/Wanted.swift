import Governance
import Upstreams

/// What a call needs a scope for.
enum Wanted {
    /// A tool or a prompt, under the name that the agent sees; `among`: the names of all upstreams.
    case tool(String, Target, among: Set<String>)
    /// What has no name of its own in a scope.
    case all(of: UpstreamName)

    /// True where the scope has it.
    func isAllowed(by scope: Scope) -> Bool {
        switch self {
        case .tool(let name, let target, let upstreams):
            scope.allows(name: name, bare: target.tool, upstream: target.upstream, among: upstreams)
        case .all(let upstream): scope.allowsAll(of: upstream)
        }
    }
}
