package presence

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// pieces gives a message as packets.
func pieces(t testing.TB, b []byte, limit int) (ps [][]byte) {
	t.Helper()
	err := split(b, limit, func(p []byte) error {
		if len(p) > max(limit, minPiece) {
			t.Errorf("got a packet of %d bytes, the limit is %d", len(p), limit)
		}
		ps = append(ps, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

func message(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 0))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestMessagesArriveInPieces(t *testing.T) {
	for _, n := range []int{0, 1, minPiece - 2, minPiece - 1, minPiece, minPiece - pieceHeader, 2 * (minPiece - pieceHeader), 10_000} {
		ps := pieces(t, message(n), minPiece)
		got := make(parts)
		for i, p := range ps {
			whole, err := got.add(p, 0)
			if err != nil {
				t.Fatal(err)
			}
			if last := i == len(ps)-1; (whole != nil) != last {
				t.Fatalf("%d bytes: piece %d of %d completes it: %v", n, i+1, len(ps), whole != nil)
			} else if last && !bytes.Equal(whole, message(n)) {
				t.Errorf("%d bytes came out different", n)
			}
		}
		if len(got) != 0 {
			t.Errorf("%d bytes: %d parts are left", n, len(got))
		}
	}
}

func TestPiecesOfSeveralMessagesMayMix(t *testing.T) {
	a, b := pieces(t, message(5_000), minPiece), pieces(t, message(4_000), minPiece)
	got := make(parts)
	var whole [][]byte
	for i := range a {
		for _, ps := range [][][]byte{a, b} {
			if i < len(ps) {
				w, err := got.add(ps[i], 0)
				if err != nil {
					t.Fatal(err)
				}
				if w != nil {
					whole = append(whole, w)
				}
			}
		}
	}
	if len(whole) != 2 || !bytes.Equal(whole[0], message(4_000)) || !bytes.Equal(whole[1], message(5_000)) {
		t.Errorf("got %d messages, want both", len(whole))
	}
}

func TestALostPieceLosesTheMessage(t *testing.T) {
	for lost := range 3 {
		got := make(parts)
		for i, p := range pieces(t, message(700), minPiece) {
			if i == lost {
				continue
			}
			whole, err := got.add(p, 0)
			if err != nil {
				t.Fatal(err)
			}
			if whole != nil {
				t.Errorf("without piece %d the message is complete", lost)
			}
		}
	}
}

func TestPartsAreForgotten(t *testing.T) {
	got := make(parts)
	for i := range 3 * maxParts {
		if _, err := got.add(pieces(t, message(1_000), minPiece)[0], time.Duration(i)); err != nil {
			t.Fatal(err)
		}
		if len(got) > maxParts {
			t.Fatalf("%d messages are incomplete", len(got))
		}
	}
	got.forget(time.Hour, time.Minute)
	if len(got) != 0 {
		t.Errorf("%d parts are left", len(got))
	}
}

func TestSendingStopsAtAnError(t *testing.T) {
	n := 0
	err := split(message(1_000), minPiece, func([]byte) error { n++; return errExit })
	if !errors.Is(err, errExit) || n != 1 {
		t.Errorf("got %v after %d packets", err, n)
	}
}

func FuzzParts(f *testing.F) {
	for _, p := range pieces(f, message(700), minPiece) {
		f.Add(p, p)
	}
	f.Add([]byte{}, []byte{firstPiece})
	f.Add([]byte{wholeMessage}, []byte{nextPiece, 1, 1})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		ps := make(parts)
		for _, p := range [][]byte{a, b, a} {
			whole, err := ps.add(p, 0)
			if whole != nil && err != nil {
				t.Error("got a message and an error")
			}
			_, _ = wireCodec.Decode(whole)
		}
		n := 0
		for _, p := range ps {
			n += cap(p.bytes)
		}
		if n > 64+4*(len(a)+len(b)) {
			t.Errorf("%d bytes are kept of %d", n, len(a)+len(b))
		}
	})
}
