package rendered

import (
	"errors"
	"fmt"

	"github.com/bennu-go/bennu/internal/codec"
)

// Extras ride in a message beside the changes of the tree. The zero value adds nothing.
type Extras struct {
	Title  string  // of the page; empty leaves it
	Events []Event // for the page's hooks and listeners, in this order
	Reply  any     // to the event that the message answers, an object; nil is none
}

// An Event is dispatched in the page.
type Event struct {
	Name    string
	Payload any  // an object; nil is {}
	Before  bool // before the page is patched instead of after
}

// Diff ends the message and appends it to dst: a JSON object, {} if there is nothing to tell. After an error nothing may
// be sent, and the prints are reset.
func (w *Writer) Diff(dst []byte, x Extras) ([]byte, error) {
	if w.target != toDiff {
		return dst, errors.New("rendered: Diff outside a message: StartDiff comes first")
	}
	w.target = idle
	p := w.prints
	w.prints = nil
	if w.err == nil {
		w.err = w.finish(x)
	}
	if w.err != nil {
		p.Reset()
		return dst, w.err
	}
	if w.swept {
		w.live = p.sweep(w.live)
	}
	return append(dst, w.out...), nil
}

func (w *Writer) finish(x Extras) error {
	if w.listed {
		w.out = append(w.out, '}')
	}
	if len(x.Events) > 0 {
		w.comma()
		w.out = append(w.out, `"e":[`...)
		for i, e := range x.Events {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.out = append(w.out, '[')
			w.quoted(e.Name)
			w.out = append(w.out, ',')
			if err := w.payload(e.Payload); err != nil {
				return fmt.Errorf("rendered: payload of the event %q: %w", e.Name, err)
			}
			if e.Before {
				w.out = append(w.out, ",true"...)
			}
			w.out = append(w.out, ']')
		}
		w.out = append(w.out, ']')
	}
	if x.Title != "" {
		w.comma()
		w.out = append(w.out, `"t":`...)
		w.quoted(x.Title)
	}
	if x.Reply != nil {
		w.comma()
		w.out = append(w.out, `"r":`...)
		if err := w.payload(x.Reply); err != nil {
			return fmt.Errorf("rendered: the reply: %w", err)
		}
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *Writer) payload(v any) error {
	if v == nil {
		w.out = append(w.out, '{', '}')
		return nil
	}
	encoded, err := codec.Marshal(v)
	w.out = append(w.out, encoded...)
	return err
}
