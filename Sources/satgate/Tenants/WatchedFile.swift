import Files
import Foundation

/// A file that is looked at now and then, and read when another one stands there, or the same with another content.
///
/// Looking (`stat` through all symlinks) rather than inotify: it is right for a mounted ConfigMap, whose `..data` link is swapped, for
/// editors that rename, for a directory that comes later, and on file systems that tell nothing, and costs one system call each time.
struct WatchedFile {
    let path: String
    /// As at the last look; nil where there was no regular file.
    private var trace: FileTrace?
    /// The content as of `trace` is still to be read, once the file has been at rest for a turn.
    private var isUnread = true

    init(path: String) { self.path = path }

    /// Its content where that is new and was at rest since the last look.
    mutating func look() -> Content? {
        let found = FileTrace(path)
        guard found == trace else {
            trace = found
            isUnread = true
            return nil
        }
        guard isUnread else { return nil }
        let content = found == nil ? nil : FileManager.default.contents(atPath: path)
        // Written to meanwhile: it is read at a later look.
        guard FileTrace(path) == found else { return nil }
        isUnread = false
        return content.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .missing
    }

    /// What a look at the file brings.
    enum Content: Hashable {
        case text(String)
        case missing
    }
}
