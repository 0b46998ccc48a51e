import Glibc

/// What tells one state of a file from another, through all symlinks: which file it is, its mode, its size and its times.
///
/// In a module without Foundation: where both are in sight, the compiler takes `stat` for CoreFoundation's in some orders of its files.
package struct FileTrace: Sendable, Equatable {
    /// Who may do what, the lowest nine bits.
    package let mode: UInt32
    private let device, inode: UInt64
    private let size: Int64
    private let modified, changed: [Int]

    /// Nil where no regular file stands there.
    package init?(_ path: String) {
        var info = stat()
        // Opening a pipe could wait for ever.
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        mode = UInt32(info.st_mode) & 0o777
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        modified = [info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
        changed = [info.st_ctim.tv_sec, info.st_ctim.tv_nsec]
    }
}
