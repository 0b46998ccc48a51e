// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 mode with every strictness of the project, the same for all targets.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .define("FAULT_POINTS", .when(configuration: .debug)),
]

/// What ships is some 10 MB smaller without a table of the program's own symbols and one for unwinding by exceptions, neither of which anything
/// looks up (Swift's backtraces follow frame pointers), with packed relocations, and with one copy of functions of the same code (lld's).
let small: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker",
            "--icf=all", "-Xlinker", "--no-eh-frame-hdr",
        ],
        .when(configuration: .release))
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let http: [Target.Dependency] = nio + [.product(name: "NIOHTTP1", package: "swift-nio")]
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let webSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let embedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

/// For what no call passes through: small rather than fast.
let cold: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// One module of `Sources`; what it may import is exactly what is listed here.
func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = [],
    _ more: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict + more)
}

/// The tests of one module.
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "satgate",
    products: [.library(name: "WrongClock", type: .dynamic, targets: ["WrongClock"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CTask"),
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        module("Secrets"),
        module("Files"),
        module("Macaroons", ["COpenSSL", "Secrets"]),
        module("MCPWire"),
        module("Governance"),
        module("TimeZones", ["Governance"], cold),
        module("HTTPWire", http),
        module("ServerIdentity", [tls, .product(name: "NIOCore", package: "swift-nio")]),
        module("Redis", nio + ["CHiredis", "COpenSSL", "Secrets", "ServerIdentity", tls, log, metrics]),
        module("Events", ["Governance"]),
        module(
            "Upstreams",
            http + [
                "COpenSSL", "HTTPWire", "MCPWire", "Secrets", "Governance", "Events", "ServerIdentity", tls, log, metrics, tracing,
                .product(name: "NIOTLS", package: "swift-nio"),
                subprocess,
            ]),
        module(
            "Gateway",
            http + [
                "CTask", "Macaroons", "HTTPWire", "MCPWire", "Governance", "Events", "Upstreams", "ServerIdentity", log, lifecycle, metrics,
                tracing, .product(name: "NIOTLS", package: "swift-nio"),
            ],
            exclude: ["HOTPATH.md"]),
        module(
            "Store", ["Redis", "Governance", "Events", "MCPWire", "Upstreams", "Gateway", log, metrics],
            resources: [.embedInCode("Scripts")]),
        .target(name: "CDashboard", exclude: ["files"]),
        .target(name: "COpenAPI", exclude: ["openapi.json"]),
        module(
            "Console",
            http + [
                "Macaroons", "Governance", "Events", "CDashboard", "COpenAPI", "ServerIdentity", webSocket, log, metrics, lifecycle,
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            ], cold),
        module("OneShotHTTP", http + ["ServerIdentity", tls], cold),
        module(
            "OAuth",
            [
                "OneShotHTTP", "Macaroons", "Governance", "Gateway", log, lifecycle, metrics, .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], cold),
        module("Telemetry", http + ["OneShotHTTP", log, lifecycle, metrics, tracing]),
        module("Demo", http + ["MCPWire"], cold),
        .executableTarget(
            name: "satgate",
            dependencies: [
                "Macaroons", "HTTPWire", "Governance", "Files", "TimeZones", "ServerIdentity", "Redis", "Events", "Upstreams", "Gateway",
                "Store", "Console", "OneShotHTTP", "OAuth", "Telemetry", "Demo", log, lifecycle, yaml, metrics, tracing,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                subprocess,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio,
            swiftSettings: strict + cold, linkerSettings: small),
        .target(
            name: "Fixtures", dependencies: nio + ["Governance", "Upstreams", "Demo"], path: "Tests/Fixtures/Library", swiftSettings: strict
        ),
        .executableTarget(
            name: "light-upstream", dependencies: ["Demo", "Fixtures"] + nio, path: "Tests/Fixtures/LightUpstream", swiftSettings: strict),
        .target(
            name: "HTTPFuzz", dependencies: http + ["HTTPWire", embedded], path: "Tests/Fuzz/Library", swiftSettings: strict),
        .executableTarget(name: "http-fuzz", dependencies: ["HTTPFuzz"], path: "Tests/Fuzz/Program", swiftSettings: strict),
        .target(name: "WrongClock", path: "Tests/Fixtures/WrongClock"),
        .executableTarget(
            name: "simulation", dependencies: ["Events", "Governance", "Gateway", "Redis", "Store", log] + nio,
            path: "Tests/Fixtures/Simulation", swiftSettings: strict),
        .executableTarget(name: "light-agent", path: "Tests/Fixtures/LightAgent", swiftSettings: strict),
        tests("MacaroonsTests", ["Macaroons", "Secrets"], resources: [.copy("macaroons.json")]),
        tests("MCPWireTests", ["MCPWire", "Fixtures"]),
        tests("HTTPWireTests", http + ["HTTPWire", "HTTPFuzz", embedded]),
        tests(
            "FuzzTests",
            nio + [
                "CHiredis", "CLibFuzzer", "Console", "Fixtures", "Gateway", "Governance", "HTTPFuzz", "HTTPWire", "MCPWire", "Macaroons",
                "Redis", "Store", "TimeZones", "satgate", embedded, webSocket,
            ]),
        tests("GovernanceTests", ["Governance", "Fixtures"]),
        tests(
            "ConsoleTests",
            http + [
                "Console", "Macaroons", "Governance", "Events", "Fixtures", webSocket, log,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ]),
        tests("OAuthTests", ["OAuth", "Macaroons", "OneShotHTTP", "Gateway", "Governance", .product(name: "JWTKit", package: "jwt-kit")]),
        tests("TelemetryTests", http + ["Telemetry", log, metrics, tracing]),
        tests("ServerIdentityTests", ["ServerIdentity", subprocess]),
        tests("TimeZonesTests", ["TimeZones", "Governance", subprocess], resources: [.copy("oracle.py")]),
        tests("RedisTests", nio + ["Redis", "ServerIdentity", "Fixtures", log]),
        tests("StoreTests", nio + ["Store", "Redis", "Governance", "Events", "MCPWire", "Upstreams", "Gateway", "Fixtures", log]),
        tests(
            "UpstreamsTests",
            http + ["Upstreams", "HTTPWire", "MCPWire", "Governance", "Events", "Demo", "Fixtures", tls, log, embedded]),
        tests("GatewayTests", http + ["Gateway", "Macaroons", "MCPWire", "Governance", "Events", "Upstreams", "Fixtures", log, lifecycle]),
        tests(
            "SatGateTests",
            nio + [
                "satgate", "Macaroons", "MCPWire", "Governance", "TimeZones", "ServerIdentity", "Redis", "Upstreams", "Gateway", "Store",
                "Fixtures", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)
