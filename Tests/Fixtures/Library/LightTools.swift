package import Demo
import Foundation
import NIOCore

/// The tools of the light upstream.
package enum LightTools {
    /// All of them.
    package static let all: [DemoTool] = [
        DemoTool(name: "echo", description: "Returns its text", schema: DemoTool.schema(["text": "string"])) {
            .text($0["text"]?.text ?? "")
        },
        DemoTool(name: "slow", description: "Answers after ms milliseconds", schema: DemoTool.schema(["ms": "integer"])) {
            .text("slept", after: .milliseconds(Int64($0["ms"]?.integer ?? 0)))
        },
        DemoTool(name: "fail", description: "Reports an error of the tool", schema: DemoTool.schema([:])) { _ in
            .text("it failed", isError: true)
        },
        DemoTool(name: "protocol_error", description: "Answers with a JSON-RPC error", schema: DemoTool.schema(["code": "integer"])) {
            Performance(.error(code: $0["code"]?.integer ?? -32603, message: "as asked"))
        },
        DemoTool(name: "big", description: "Returns a text of n bytes", schema: DemoTool.schema(["n": "integer"])) {
            .text(String(repeating: "x", count: max(0, min(32 << 20, $0["n"]?.integer ?? 0))))
        },
        DemoTool(
            name: "park", description: "Answers only after POST /_release", schema: DemoTool.schema([:]),
            annotations: #"{"idempotentHint":true}"#
        ) { _ in
            Performance(Performance.text("released").outcome, isParked: true)
        },
        DemoTool(
            name: "progress", description: "Reports progress, then answers",
            schema: DemoTool.schema(["steps": "integer", "delayMs": "integer"])
        ) { arguments in
            let steps = max(1, min(10_000, arguments["steps"]?.integer ?? 3))
            let pause = TimeAmount.milliseconds(Int64(arguments["delayMs"]?.integer ?? 10))
            return Performance(Performance.text("done").outcome, steps: steps, pause: pause)
        },
        DemoTool(name: "structured", description: "Returns structured content", schema: DemoTool.schema([:])) { _ in
            .structured(#"{"temperature":21.5,"conditions":["dry","calm"]}"#)
        },
    ]

    /// Those of a server that is a process of its own, without a port.
    package static func ofProcess(_ record: ServerRecord) -> [DemoTool] {
        [
            DemoTool(name: "pid", description: "The id of the server's process", schema: DemoTool.schema([:])) { _ in
                .text(String(getpid()))
            },
            DemoTool(name: "crash", description: "Ends the server's process, with a status", schema: DemoTool.schema(["status": "integer"]))
            {
                exit(Int32(truncatingIfNeeded: $0["status"]?.integer ?? 1))
            },
            DemoTool(name: "process", description: "The process' directory and environment", schema: DemoTool.schema([:])) { _ in
                let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }.sorted()
                return .text(([FileManager.default.currentDirectoryPath] + environment).joined(separator: "\n"))
            },
            DemoTool(name: "stats", description: "What the server has counted", schema: DemoTool.schema([:])) { _ in
                .text(String(decoding: record.json, as: UTF8.self))
            },
        ]
    }
}
