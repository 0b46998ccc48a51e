/// A slot map in the making: of two claims to a slot the one of the higher epoch stays, of equals the first.
struct SlotDrawing {
    private var masters: [SlotMap.Master] = []
    private var places: [ServerAddress: Int] = [:]
    /// By slot, the place of its owner among `masters`, or -1.
    private var owners = [Int](repeating: -1, count: HashSlot.count)
    private var epochs = [Int64](repeating: -1, count: HashSlot.count)

    /// The epoch under which the slot is owned; nil where it is not.
    func epoch(of slot: Int) -> Int64? { owners[slot] < 0 ? nil : epochs[slot] }

    /// Where the master stands; of what was said of it the latest epoch counts.
    mutating func place(of master: SlotMap.Master) -> Int {
        guard let place = places[master.address] else {
            places[master.address] = masters.count
            masters.append(master)
            return masters.count - 1
        }
        if masters[place].epoch < master.epoch { masters[place] = master }
        return place
    }

    mutating func draw(_ claim: ClusterView.Claim) {
        let place = place(of: claim.master)
        for slot in claim.slots where epochs[slot] < claim.master.epoch { draw(slot, place, epoch: claim.master.epoch) }
    }

    mutating func draw(_ slot: Int, _ place: Int, epoch: Int64) {
        owners[slot] = place
        epochs[slot] = epoch
    }

    /// Those that own slots, and by slot the owner's place among them.
    func finished(none: UInt16) -> (masters: [SlotMap.Master], owners: [UInt16]) {
        var kept: [SlotMap.Master] = []
        var news = [UInt16](repeating: none, count: masters.count)
        var table = [UInt16](repeating: none, count: owners.count)
        for (slot, place) in owners.enumerated() where place >= 0 {
            if news[place] == none {
                news[place] = UInt16(kept.count)
                kept.append(masters[place])
            }
            table[slot] = news[place]
        }
        return (kept, table)
    }
}
