package crowd

import "encoding/binary"

// What stands before the data of a packet: the header of virtio, which lets the kernel leave out checksums, that of IP and that of TCP.
const (
	virtioSize = 10
	ipSize     = 20
	tcpSize    = 20
	dataAt     = virtioSize + ipSize + tcpSize
)

// MaxPacket is room for what a [Link] reads or writes.
const MaxPacket = virtioSize + 65535

// Flags of TCP.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// maxSegment is what the clients say they take at once: what a device of Ethernet's size has room for.
const maxSegment = 1460

// A segment is one packet of TCP over IPv4.
type segment struct {
	src, dst         uint32
	srcPort, dstPort uint16
	seq, ack         uint32
	flags            byte
	window           uint16
	data             []byte
}

// put writes the segment into b, which has room for it, and returns the packet. A SYN carries the size of the largest segment.
func (s *segment) put(b []byte) []byte {
	options := 0
	if s.flags&flagSYN != 0 {
		options = 4
	}
	total := ipSize + tcpSize + options + len(s.data)
	b = b[:virtioSize+total]
	clear(b[:dataAt])
	b[0] = 1                                     // the TCP checksum is left to whoever needs one: nobody, within one machine
	binary.LittleEndian.PutUint16(b[6:], ipSize) // where it begins
	binary.LittleEndian.PutUint16(b[8:], 16)     // and where it would stand
	ip, tcp := b[virtioSize:], b[virtioSize+ipSize:]
	ip[0], ip[6], ip[8], ip[9] = 0x45, 0x40, 64, 6 // version and size, don't fragment, hops, TCP
	binary.BigEndian.PutUint16(ip[2:], uint16(total))
	binary.BigEndian.PutUint32(ip[12:], s.src)
	binary.BigEndian.PutUint32(ip[16:], s.dst)
	binary.BigEndian.PutUint16(ip[10:], checksum(ip[:ipSize]))
	binary.BigEndian.PutUint16(tcp[0:], s.srcPort)
	binary.BigEndian.PutUint16(tcp[2:], s.dstPort)
	binary.BigEndian.PutUint32(tcp[4:], s.seq)
	binary.BigEndian.PutUint32(tcp[8:], s.ack)
	tcp[12] = byte((tcpSize + options) / 4 << 4)
	tcp[13] = s.flags
	binary.BigEndian.PutUint16(tcp[14:], s.window)
	if options > 0 {
		tcp[20], tcp[21] = 2, 4
		binary.BigEndian.PutUint16(tcp[22:], maxSegment)
	}
	copy(tcp[tcpSize+options:], s.data)
	return b
}

// parse reads a packet; ok is false for what is not TCP over IPv4, or not whole. The data is part of b.
func parse(b []byte) (s segment, ok bool) {
	if len(b) < dataAt {
		return s, false
	}
	ip := b[virtioSize:]
	size, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
	if ip[0]>>4 != 4 || ip[9] != 6 || size < ipSize || total > len(ip) || total < size+tcpSize {
		return s, false
	}
	tcp := ip[size:total]
	at := int(tcp[12]>>4) * 4
	if at < tcpSize || at > len(tcp) {
		return s, false
	}
	return segment{
		src: binary.BigEndian.Uint32(ip[12:]), dst: binary.BigEndian.Uint32(ip[16:]),
		srcPort: binary.BigEndian.Uint16(tcp[0:]), dstPort: binary.BigEndian.Uint16(tcp[2:]),
		seq: binary.BigEndian.Uint32(tcp[4:]), ack: binary.BigEndian.Uint32(tcp[8:]),
		flags: tcp[13], window: binary.BigEndian.Uint16(tcp[14:]), data: tcp[at:],
	}, true
}

// checksum is the one of RFC 1071.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
