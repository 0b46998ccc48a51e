import Demo
import Fixtures
import Glibc
import NIOCore
import NIOPosix

/// Reads `--key value` pairs; a mistake ends the program with a sentence.
func settings(_ arguments: ArraySlice<String>) -> [String: String] {
    var settings: [String: String] = [:]
    var rest = arguments
    while let key = rest.popFirst() {
        guard key.hasPrefix("--"), let value = rest.popFirst() else {
            print("usage: light-upstream [--host H] [--port P] [--delay MS] [--name N] [--tools a,b] [--page-size N] [--token T]")
            print("                      [--sessions yes|no] [--stream yes|no] [--loops N]")
            exit(2)
        }
        settings[String(key.dropFirst(2))] = value
    }
    return settings
}

let given = settings(CommandLine.arguments.dropFirst())
var options = ToolServer.Options()
options.name = given["name"] ?? "light"
options.host = given["host"] ?? "127.0.0.1"
options.port = given["port"].flatMap { Int($0) } ?? 0
options.delay = .milliseconds(given["delay"].flatMap { Int64($0) } ?? 0)
options.pageSize = given["page-size"].flatMap { Int($0) } ?? 1000
options.token = given["token"]
options.keepsSessions = given["sessions"] != "no"
options.streamsAnswers = given["stream"] == "yes"
let wanted = given["tools"].map { Set($0.split(separator: ",").map(String.init)) }
let tools = LightTools.all.filter { wanted?.contains($0.name) ?? true }
let group = MultiThreadedEventLoopGroup(numberOfThreads: given["loops"].flatMap { Int($0) } ?? 1)
let server = try await ToolServer.start(tools, options: options, group: group)
print("listening on \(server.url)")
fflush(nil)
try await server.closed()
