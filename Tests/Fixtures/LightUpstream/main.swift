import Demo
import Fixtures
import Foundation
import NIOCore
import NIOPosix

let usage = """
    usage: light-upstream [--host H] [--port P] [--name N] [--era handshake|modern|both] [--tools a,b] [--page-size N] [--ttl MS]
                          [--delay MS] [--delay-all yes|no] [--token T] [--sessions yes|no] [--get-stream yes|no] [--stream yes|no]
                          [--loops N]
           light-upstream --stdio [options as above]
    """

/// Reads `--key value` pairs and the word `--stdio`; a mistake ends the program with a sentence.
func settings(_ arguments: ArraySlice<String>) -> [String: String] {
    var settings: [String: String] = [:]
    var rest = arguments
    while let key = rest.popFirst() {
        guard key.hasPrefix("--"), let value = key == "--stdio" ? "yes" : rest.popFirst() else {
            FileHandle.standardError.write(Data((usage + "\n").utf8))
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
options.era = given["era"].flatMap { ToolServer.Era(rawValue: $0) } ?? .handshake
options.delay = .milliseconds(given["delay"].flatMap { Int64($0) } ?? 0)
options.delaysAll = given["delay-all"] == "yes"
options.pageSize = given["page-size"].flatMap { Int($0) } ?? 1000
options.timeToLive = given["ttl"].flatMap { Int($0) } ?? 60_000
options.token = given["token"]
options.keepsSessions = given["sessions"] != "no"
options.offersStream = given["get-stream"] != "no"
options.streamsAnswers = given["stream"] == "yes"
let wanted = given["tools"].map { Set($0.split(separator: ",").map(String.init)) }
let group = MultiThreadedEventLoopGroup(numberOfThreads: given["loops"].flatMap { Int($0) } ?? 1)
let record = ServerRecord()
if given["stdio"] != nil {
    FileHandle.standardError.write(Data("\(options.name): serving standard input, pid \(getpid())\n".utf8))
    let shelf = ToolShelf(LightTools.all + LightTools.ofProcess(record), showing: wanted)
    try await ToolPipe.serve(shelf, options: options, record: record, group: group)
} else {
    let shelf = ToolShelf(LightTools.all, showing: wanted)
    let server = try await ToolServer.start(shelf, options: options, record: record, group: group)
    print("listening on \(server.url)")
    fflush(nil)
    try await server.closed()
}
