package import Redis

/// The scripts of a tenant's catalogue.
package struct CatalogueScripts: Sendable {
    package let care, release, read, write, keep, approve: Script

    init(joined: (_ name: String, _ text: [UInt8]) -> Script, plain script: (_ name: String, _ text: [UInt8]) -> Script) {
        care = script("catalogue_care", PackageResources.catalogue_care_lua)
        release = script("catalogue_release", PackageResources.catalogue_release_lua)
        read = script("catalogue_read", PackageResources.catalogue_read_lua)
        write = script("catalogue_write", PackageResources.catalogue_write_lua)
        keep = script("catalogue_keep", PackageResources.catalogue_keep_lua)
        approve = joined("catalogue_approve", PackageResources.catalogue_approve_lua)
    }

    /// All of them.
    package var all: [Script] { [care, release, read, write, keep, approve] }
}
