// Package token makes tokens that only this application can make: signed ones, which their holder can read, and
// encrypted ones, which their holder cannot. It is what Phoenix.Token is, and what signed cookies and sessions stand on.
//
//	tokens := token.New(token.Config{Secrets: cfg.Secrets})
//	tok, err := tokens.Sign("user socket", user.ID)
//	id, err := token.Verify[string](tokens, "user socket", tok, 24*time.Hour)
//
// # Terms
//
// A secret is what the application keeps to itself, at least 20 bytes, better the 64 of [GenerateSecret]. A salt says
// what a token is for; it is a constant of the program and no secret. From both a key is derived, so a token made with
// one salt is invalid under every other. The payload is the data, when it was signed, and how old it may become; the
// envelope is payload and MAC, or the ciphertext. Rotation: the first secret makes tokens, every listed secret reads
// them; put a new one in front, and drop the old one when its tokens have died.
//
// [Format] says how a payload is written: as JSON, [1,signed-at,max-age,data] with times in milliseconds and null for
// for ever; or as Phoenix writes it, so that Elixir nodes with the same secret read it. Either is read whichever is
// written. Data decodes as JSON does everywhere in Bennu, or as [etf.Assign] says; into an any, a map[string]any or a
// []any, integers come as int64 (wider ones as *big.Int) and other numbers as float64 in both formats. JSON text is
// UTF-8: other bytes survive in a []byte, or in the Phoenix format.
//
// # Order
//
// Verify and Decrypt decide in this order, the first that applies:
//
//	the token is empty                                 ErrMissing
//	no known form, or no secret authenticates it       ErrInvalid
//	the age allowed is Forever                         the data, even if signed in the future
//	the age allowed is zero or negative                ErrExpired
//	it was signed in the future                        ErrInvalid
//	it is older than the age allowed                   ErrExpired
//	otherwise                                          the data
//
// The age allowed is what the caller passes, whichever way it differs from the embedded one; zero means the embedded
// one, and a day where an old payload has none. Data that does not fit where the caller wants it is ErrInvalid too.
// Clocks of nodes are compared as they are: a token of a node whose clock runs ahead is invalid until then.
//
// A [Tokens] may be used from any goroutine. MACs are compared in constant time.
//
// # Limits
//
// Tokens longer than [Config.MaxSize] are refused before anything is computed, and are not made. A [Tokens] keeps at
// most 256 derived keys and forgets one at random beyond that: deriving takes about 0.2 ms (BenchmarkDeriveKey), so a
// salt that varies from call to call needs [Tokens.Uncached]. Encryption hides the data, not its length. Nothing here
// can revoke a token before its time: keep an identifier in a store where that matters.
//
// Secrets never show in what fmt, log/slog or encoding/json print of [Config], [Secrets] and [Tokens].
//
// # Source
//
// Phoenix 1.8 Phoenix.Token and plug_crypto 2.1: KeyGenerator (PBKDF2, RFC 8018), MessageVerifier (HMAC, RFC 2104; the
// form is that of a JSON Web Signature with a bare header), MessageEncryptor (XChaCha20-Poly1305; and, to read only,
// the AES-GCM key wrap of RFC 7518 section 4.7).
package token
