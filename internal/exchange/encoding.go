package exchange

import "net/http"

// DropEncoding takes the header Content-Encoding out of an answer that is about to be another one, written to w. It leaves one that somebody between w and the client has
// set, who compresses whatever comes: many middlewares set the header first and compress then.
func DropEncoding(w http.ResponseWriter, r *http.Request) {
	switch x := Of(r); {
	case x == nil:
		w.Header().Del("Content-Encoding")
	case w == http.ResponseWriter(&x.writer):
		x.writer.DropEncoding()
	}
}

// DropEncoding is the function for an answer that goes to whom the exchange's writer writes to.
func (w *Writer) DropEncoding() {
	if !w.encoded {
		w.Header().Del("Content-Encoding")
	}
}
