import Foundation
import Testing

@testable import satgate

@Suite struct WatchedFileTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "watched-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: directory.appending(path: name))
    }

    private func link(_ name: String, to target: String) throws {
        let new = directory.appending(path: name + ".new").path
        try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: target)
        #expect(rename(new, directory.appending(path: name).path) == 0)
    }

    @Test("is read once for each state, after it was at rest for a look")
    func states() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        var file = WatchedFile(path: directory.appending(path: "t.yaml").path)
        #expect(file.look() == .missing)
        #expect(file.look() == nil)
        try write("one", to: "t.yaml")
        #expect(file.look() == nil)
        #expect(file.look() == .text("one"))
        #expect(file.look() == nil)
        try write("half", to: "t.yaml")
        #expect(file.look() == nil)
        try write("whole", to: "t.yaml")
        #expect(file.look() == nil)
        #expect(file.look() == .text("whole"))
        try FileManager.default.removeItem(at: directory.appending(path: "t.yaml"))
        #expect(file.look() == nil)
        #expect(file.look() == .missing)
    }

    @Test("is seen to change where a link above it is swapped, as for a mounted ConfigMap")
    func swap() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        for (folder, text) in [("..1", "old"), ("..2", "new")] {
            try FileManager.default.createDirectory(at: directory.appending(path: folder), withIntermediateDirectories: true)
            try write(text, to: folder + "/t.yaml")
        }
        try link("..data", to: "..1")
        try link("t.yaml", to: "..data/t.yaml")
        var file = WatchedFile(path: directory.appending(path: "t.yaml").path)
        #expect(file.look() == nil)
        #expect(file.look() == .text("old"))
        try link("..data", to: "..2")
        #expect(file.look() == nil)
        #expect(file.look() == .text("new"))
    }
}
