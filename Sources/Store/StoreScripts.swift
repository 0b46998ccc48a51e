package import Redis

/// The Lua scripts as Redis is given them: the embedded files, those that ask for it with the prelude behind their first line.
package struct StoreScripts: Sendable {
    package let outboxAppend, outboxRead, outboxPost, streamRelease, addressNote: Script
    package let reserve, settle, release, lapse, rollback, extend, due, record, session, sessionOpen, sessionPrune, sessionClose,
        sessionStream,
        beat: Script
    package let sliceTake, sliceSettle, sliceDetach: Script
    package let roundPark, roundTake, recall, recordNote: Script
    package let tenantApply, tenantDelete: Script
    package let revoke, revoked: Script
    package let tally: Script
    package let events: Script
    package let delegate, delegationReturn: Script
    package let catalogue: CatalogueScripts
    package let dialogue: DialogueScripts
    package let budget: BudgetScripts
    package let sessions: SessionScripts

    /// The scripts of this program.
    package static let embedded = StoreScripts()

    /// The scripts; a tenant's ledger is cut to about `ledgerEntries`. Each text is changed by `edit`: tests watch the keys they touch this way.
    package init(ledgerEntries: Int = 1_000_000, editing edit: (_ text: [UInt8]) -> [UInt8] = { $0 }) {
        func plain(_ name: String, _ text: [UInt8]) -> Script { Script(name: name, source: edit(text)) }
        func joined(_ name: String, _ text: [UInt8]) -> Script {
            let head = text.prefix { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")]
            let terms = Array("local ledgerEntries = '\(ledgerEntries)'\n".utf8)
            return plain(name, head + terms + PackageResources.prelude_lua + text.dropFirst(head.count))
        }
        func spending(_ name: String, _ text: [UInt8]) -> Script {
            let head = text.prefix { $0 != UInt8(ascii: "\n") } + [UInt8(ascii: "\n")]
            return joined(name, head + PackageResources.prelude_slices_lua + text.dropFirst(head.count))
        }
        reserve = joined("reserve", PackageResources.reserve_lua)
        settle = joined("settle", PackageResources.settle_lua)
        release = joined("release", PackageResources.release_lua)
        lapse = joined("lapse", PackageResources.lapse_lua)
        sliceTake = joined("slice_take", PackageResources.slice_take_lua)
        sliceSettle = spending("slice_settle", PackageResources.slice_settle_lua)
        sliceDetach = plain("slice_detach", PackageResources.slice_detach_lua)
        rollback = joined("rollback", PackageResources.rollback_lua)
        record = joined("record", PackageResources.record_lua)
        extend = plain("extend", PackageResources.extend_lua)
        due = plain("due", PackageResources.due_lua)
        session = plain("session", PackageResources.session_lua)
        sessionOpen = plain("session_open", PackageResources.session_open_lua)
        sessionPrune = plain("session_prune", PackageResources.session_prune_lua)
        sessionClose = plain("session_close", PackageResources.session_close_lua)
        sessionStream = plain("session_stream", PackageResources.session_stream_lua)
        outboxAppend = plain("outbox_append", PackageResources.outbox_append_lua)
        outboxRead = plain("outbox_read", PackageResources.outbox_read_lua)
        outboxPost = plain("outbox_post", PackageResources.outbox_post_lua)
        streamRelease = plain("stream_release", PackageResources.stream_release_lua)
        addressNote = plain("address_note", PackageResources.address_note_lua)
        roundPark = plain("round_park", PackageResources.round_park_lua)
        recall = joined("recall", PackageResources.recall_lua)
        recordNote = plain("record_note", PackageResources.record_note_lua)
        roundTake = plain("round_take", PackageResources.round_take_lua)
        beat = plain("beat", PackageResources.beat_lua)
        tenantApply = joined("tenant_apply", PackageResources.tenant_apply_lua)
        tenantDelete = joined("tenant_delete", PackageResources.tenant_delete_lua)
        revoke = joined("revoke", PackageResources.revoke_lua)
        revoked = plain("revoked", PackageResources.revoked_lua)
        tally = plain("tally", PackageResources.tally_lua)
        events = plain("events", PackageResources.events_lua)
        delegate = joined("delegate", PackageResources.delegate_lua)
        delegationReturn = joined("delegation_return", PackageResources.delegation_return_lua)
        catalogue = CatalogueScripts(joined: joined, plain: plain)
        dialogue = DialogueScripts(plain)
        budget = BudgetScripts(joined: joined, plain: plain)
        sessions = SessionScripts(joined: joined, plain: plain)
    }

    /// All of them.
    package var all: [Script] {
        [
            reserve, settle, release, lapse, rollback, extend, due, record, session, sessionOpen, sessionPrune, sessionClose, sessionStream,
            outboxAppend, outboxRead, outboxPost, streamRelease, addressNote, beat, tenantApply, tenantDelete,
            sliceTake, sliceSettle, sliceDetach, roundPark, roundTake, recall, recordNote,
            revoke, revoked, delegate, delegationReturn, events, tally,
        ]
            + catalogue.all + dialogue.all + budget.all + sessions.all
    }
}
