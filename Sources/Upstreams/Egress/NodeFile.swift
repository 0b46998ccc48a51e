import Glibc

/// A small file of the node that may change while it runs: a certificate, a key, a secret.
enum NodeFile {
    /// What changes with a file's content, however it is replaced.
    struct Stamp: Sendable, Hashable {
        fileprivate let device: UInt64
        fileprivate let inode: UInt64
        fileprivate let size: Int64
        fileprivate let seconds: Int64
        fileprivate let nanoseconds: Int64
    }

    /// The largest file taken, in bytes.
    static let limit = 1024 * 1024

    /// Nil where there is no regular file of at most the limit's size.
    static func stamp(of path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return stamp(status)
    }

    /// The whole content and its stamp; nil where it cannot be had, or changed while it was read.
    static func read(_ path: String) -> (bytes: [UInt8], stamp: Stamp)? {
        // A pipe or a device must not keep an event loop waiting.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, let stamp = stamp(status) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(stamp.size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
            guard count > 0 else { return nil }
            filled += count
        }
        guard fstat(file, &status) == 0, self.stamp(status) == stamp else { return nil }
        return (bytes, stamp)
    }

    private static func stamp(_ status: stat) -> Stamp? {
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else { return nil }
        return Stamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: Int64(status.st_mtim.tv_sec),
            nanoseconds: Int64(status.st_mtim.tv_nsec))
    }
}
