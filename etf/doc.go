// Package etf encodes and decodes Erlang's external term format, as far as Phoenix tokens and session cookies need it.
//
// It exists so that Go and Elixir nodes can stand behind one domain and read each other's tokens and sessions while a
// system moves from one to the other.
//
// # Terms
//
// A term is one Erlang value. These Go types stand for terms, and Decode returns only them:
//
//	nil, bool               the atoms nil, true and false
//	Atom                    every other atom
//	int64, *big.Int         integers; *big.Int only where int64 is too narrow
//	float64                 floats, always finite
//	string                  binaries, with any bytes
//	Bitstring               bit strings whose length is not a multiple of eight
//	[]any                   proper lists, charlists included
//	Improper                lists that end in something else than the empty list
//	Tuple                   tuples
//	map[string]any          maps whose keys are all binaries, the empty map included
//	Map                     every other map, pairs in key order
//
// Marshal also takes other Go values and first turns them into terms: every number type, []byte (a binary),
// slices and arrays (lists), maps, structs (maps with binary keys, or atom keys where the tag says so), pointers, and
// whatever has a MarshalText method (a binary). A nil slice is the empty list, a nil map the empty map, a nil pointer
// the atom nil. Assign is the way back.
//
// Struct fields take their key from the tag `etf:"name"`, else from the tag `json:"name"`, else from the field's name;
// the option atom (`etf:"name,atom"`) makes the key an atom, omitempty leaves zero values out, and the name "-" the
// field. Reading accepts a binary or an atom for either and ignores keys that no field has.
//
// # Order
//
// Encoding is deterministic and chooses what Elixir would: the narrowest integer tag, the string tag for lists of
// bytes, UTF-8 atoms, maps in key order (integers, floats, atoms, tuples, maps, nil, lists, bit strings). The virtual
// machine writes maps of more than 32 keys in the order of their hashes; here they are in key order too, which any
// reader accepts. Marshal(Decode(b)) is a normal form of b.
//
// All functions are pure and may be called from any goroutine.
//
// # Limits
//
// Decode refuses, before it allocates: input above [Limits.Size] bytes, terms nested deeper than [Limits.Depth], a
// compressed term that says or turns out to be larger than [Limits.Inflated], and counts that the remaining input
// cannot hold. It refuses tags outside the table above (functions, pids, ports, references, local terms), duplicate
// keys, and bytes after the term. A term takes at most some twenty times its size in memory. Marshal refuses values
// nested deeper than the default depth, so a cycle is an error too. No compressed term is ever written.
//
// # Source
//
// Erlang/OTP 27, ERTS User's Guide, External Term Format; the choice of tags follows what term_to_binary/1 writes.
package etf
