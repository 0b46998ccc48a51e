import Foundation
import Testing

/// How the servers stand that a test runs on.
enum RedisTopology: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case single
    case sentinels
    case cluster

    /// What tests run on that say nothing else: `single`, unless the variable `SATGATE_TEST_TOPOLOGY` names another.
    static let chosen = ProcessInfo.processInfo.environment["SATGATE_TEST_TOPOLOGY"].flatMap(RedisTopology.init) ?? .single
    /// What conformance suites run on besides.
    static let others = allCases.filter { $0 != chosen }

    var testDescription: String {
        switch self {
        case .single: "Redis"
        case .sentinels: "Redis behind sentinels"
        case .cluster: "Redis Cluster"
        }
    }
}
