import Fixtures
import Foundation
import Redis
import Store
import Testing

@Suite("The Lua scripts")
struct ScriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Store/Scripts")

    private static func files() throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".lua") }
        return try Dictionary(
            uniqueKeysWithValues: names.map { name in
                (String(name.dropLast(4)), try String(contentsOf: folder.appending(path: name), encoding: .utf8))
            })
    }

    @Test("every file is a script with a wrapper, or a prelude")
    func wrappers() throws {
        #expect(Set(try Self.files().keys) == Set(StoreScripts.embedded.all.map(\.name) + ["prelude", "prelude_slices"]))
    }

    @Test("every script says its purpose, its keys, its arguments and its reply, and is short")
    func headers() throws {
        for (name, text) in try Self.files() where !name.hasPrefix("prelude") {
            let header = try #require(ScriptHeader(Array(text.utf8)), "\(name)")
            #expect(header.keys.count > 0 && !header.purpose.isEmpty && !header.arguments.isEmpty && !header.reply.isEmpty, "\(name)")
            #expect(text.split(separator: "\n").count <= (name == "reserve" ? 150 : 120), "\(name)")
        }
    }

    @Test("the embedded text is the file's, behind the prelude where it is joined")
    func embedding() throws {
        let files = try Self.files()
        for script in StoreScripts.embedded.all {
            let text = String(decoding: script.source, as: UTF8.self)
            let file = try #require(files[script.name])
            let body = file.drop { $0 != "\n" }
            #expect(text.hasSuffix(body) && text.hasPrefix(file.prefix { $0 != "\n" }), "\(script.name)")
        }
    }

    @Test("a server takes every script and knows it by our digest")
    func load() async throws {
        let client = try await SharedRedis.client
        for script in StoreScripts.embedded.all + StoreScripts.watched.all {
            #expect(try await client.send(["SCRIPT", "LOAD", .bytes(script.source)]).text == script.sha1, "\(script.name)")
        }
    }

    @Test("the watch on keys catches an undeclared key, a wrong count, and a write after a message")
    func watch() async throws {
        let client = try await SharedRedis.client
        let header = "#!lua\n-- Test.\n-- KEYS: one\n-- ARGV: none\n-- Reply: none\n"
        let faults = [
            ("redis.call('SET', KEYS[1] .. 'x', 1)", ["{w}a"], "UNDECLARED"), ("return 1", ["{w}a", "{w}b"], "KEYCOUNT"),
            ("redis.call('PUBLISH', 'c', 'm') redis.call('DEL', KEYS[1])", ["{w}a"], "LATE"),
        ]
        for (body, keys, code) in faults {
            let source = StoreScripts.watch(Array((header + body).utf8))
            await #expect(throws: RedisError.self) {
                do { _ = try await client.evaluate(Script(name: "fault", source: source), keys: keys, arguments: []) } catch {
                    #expect("\(error)".contains(code))
                    throw error
                }
            }
        }
    }
}
