package deflate

import (
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Reasons for which a message cannot be inflated.
var (
	ErrCorrupt = errors.New("deflate: message is not valid DEFLATE data")
	ErrTooBig  = errors.New("deflate: message is too big when inflated")
)

// tail is what a sender has cut off the end of a message, an empty block, and behind it an empty last one, after which the
// reader stops.
const tail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// maxLast bounds the blocks of a message that are marked as the last one. After each the reader begins anew, so that five million of them, in 10 MB, took 3.5 seconds;
// senders make one at most.
const maxLast = 100

// inflater is a reader of DEFLATE data with its source.
type inflater struct {
	r   io.ReadCloser
	src source
}

var inflaters = sync.Pool{New: func() any {
	d := &inflater{}
	d.r = flate.NewReader(&d.src)
	return d
}}

// Inflate appends msg, inflated, to dst. It stops with [ErrTooBig] when more than limit bytes come out (negative: no limit), and with [ErrCorrupt] if msg is
// not what RFC 7692 says. Up to 100 blocks may be marked as the last one, as long as each ends at a whole byte; they do not refer to one another.
// A msg without a byte, which no sender should make, is an empty message, as it is to zlib.
func Inflate(dst, msg []byte, limit int64) ([]byte, error) {
	if len(msg) == 0 {
		return dst, nil
	}
	d := inflaters.Get().(*inflater)
	dst, err := d.inflate(dst, msg, limit)
	d.src = source{}
	inflaters.Put(d)
	return dst, err
}

func (d *inflater) inflate(dst, msg []byte, limit int64) ([]byte, error) {
	d.src = source{msg: msg}
	began := len(dst)
	for range maxLast {
		if err := d.r.(flate.Resetter).Reset(&d.src, nil); err != nil {
			return dst, ErrCorrupt
		}
		var err error
		for err == nil {
			dst = roomier(dst, began, limit)
			var n int
			n, err = d.r.Read(dst[len(dst):cap(dst)])
			dst = dst[:len(dst)+n]
			if limit >= 0 && int64(len(dst)-began) > limit {
				return dst, ErrTooBig
			}
		}
		switch at := d.src.at; {
		case err != io.EOF:
			return dst, ErrCorrupt
		case at == len(msg)+len(tail), at == len(msg):
			return dst, nil
		case at > len(msg):
			return dst, ErrCorrupt // the last block has taken a part of the tail for its own
		}
	}
	return dst, ErrCorrupt
}

// roomier returns dst with room for one more byte at least. It doubles, but for no more than one byte beyond the limit.
func roomier(dst []byte, began int, limit int64) []byte {
	if len(dst) < cap(dst) {
		return dst
	}
	room := max(2*cap(dst), 512)
	if limit >= 0 {
		room = int(min(int64(room), int64(began)+limit+1))
	}
	b := make([]byte, len(dst), max(room, len(dst)+1))
	copy(b, dst)
	return b
}

// source is a message with the tail behind it. It gives single bytes, so that the reader takes none that it does not need, and the place
// behind a last block is known.
type source struct {
	msg []byte
	at  int
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	at := s.at
	if at < len(s.msg) {
		s.at++
		return s.msg[at], nil
	}
	if at -= len(s.msg); at < len(tail) {
		s.at++
		return tail[at], nil
	}
	return 0, io.EOF
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (n int, err error) {
	if s.at < len(s.msg) {
		n = copy(p, s.msg[s.at:])
	} else if n = copy(p, tail[s.at-len(s.msg):]); n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	s.at += n
	return n, nil
}
