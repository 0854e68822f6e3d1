// SPDX-License-Identifier: Apache-2.0

package key

import (
	"crypto/ed25519"
	"crypto/sha512"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
)

// The curve as RFC 8032 §5.1 states it, in plain big numbers: slow, and written apart from what
// it checks.
type point struct{ x, y *big.Int }

func prime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

func order() *big.Int {
	l, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	return l.Add(l, new(big.Int).Lsh(big.NewInt(1), 252))
}

func mod(a *big.Int) *big.Int { return a.Mod(a, prime()) }

func div(a, b *big.Int) *big.Int {
	return mod(new(big.Int).Mul(a, new(big.Int).ModInverse(b, prime())))
}

func dee() *big.Int { return div(mod(big.NewInt(-121665)), big.NewInt(121666)) }

func add(a, b point) point {
	one := big.NewInt(1)
	xx, yy := new(big.Int).Mul(a.x, b.x), new(big.Int).Mul(a.y, b.y)
	xy, yx := new(big.Int).Mul(a.x, b.y), new(big.Int).Mul(a.y, b.x)
	k := mod(new(big.Int).Mul(dee(), new(big.Int).Mul(xx, yy)))
	return point{
		div(mod(xy.Add(xy, yx)), mod(new(big.Int).Add(one, k))),
		div(mod(yy.Add(yy, xx)), mod(new(big.Int).Sub(one, k))),
	}
}

func times(n *big.Int, p point) point {
	r := point{new(big.Int), big.NewInt(1)}
	for i := n.BitLen() - 1; i >= 0; i-- {
		if r = add(r, r); n.Bit(i) == 1 {
			r = add(r, p)
		}
	}
	return r
}

// decompress returns the point with coordinate y and an even x, and whether there is one.
func decompress(y *big.Int) (point, bool) {
	yy := mod(new(big.Int).Mul(y, y))
	u := mod(new(big.Int).Sub(yy, big.NewInt(1)))
	v := new(big.Int).Mul(dee(), yy)
	v = mod(v.Add(v, big.NewInt(1)))
	x := new(big.Int).ModSqrt(div(u, v), prime())
	if x == nil {
		return point{}, false
	}
	if x.Bit(0) == 1 {
		x.Sub(prime(), x)
	}
	return point{x, y}, true
}

func encode(p point) []byte {
	out := p.y.FillBytes(make([]byte, 32))
	slices.Reverse(out)
	out[31] |= byte(p.x.Bit(0)) << 7
	return out
}

func base() point {
	p, _ := decompress(div(big.NewInt(4), big.NewInt(5)))
	return p
}

// torsion returns a point of order eight: L times a random-looking point, the first that has it.
func torsion(t *testing.T) point {
	for y := int64(2); y < 200; y++ {
		if p, ok := decompress(big.NewInt(y)); ok {
			if q := times(order(), p); times(big.NewInt(4), q).y.Cmp(big.NewInt(1)) != 0 {
				return q
			}
		}
	}
	t.Fatal("no point of order eight")
	return point{}
}

func TestSmallOrderTableIsComplete(t *testing.T) {
	q, seen := torsion(t), map[[32]byte]bool{}
	for n := range int64(8) {
		y := times(big.NewInt(n), q).y
		for _, spelt := range []*big.Int{y, new(big.Int).Add(y, prime())} {
			if spelt.BitLen() > 255 {
				continue // no other spelling fits into 255 bits
			}
			for sign := range byte(2) {
				raw := spelt.FillBytes(make([]byte, 32))
				slices.Reverse(raw)
				seen[[32]byte(raw)] = true
				raw[31] |= sign << 7
				if !smallOrder(raw) {
					t.Errorf("%x is of small order and not known", raw)
				}
				if _, err := New(ed25519.PublicKey(raw)); reason.Of(err) != reason.KeyWeak {
					t.Errorf("%x: got %v", raw, err)
				}
			}
		}
	}
	if len(seen) != len(smallOrderPoints) {
		t.Errorf("there are %d encodings, the table has %d", len(seen), len(smallOrderPoints))
	}
}

// TestPointsOfEdwards25519 holds the test for a root against one that takes the root.
func TestPointsOfEdwards25519(t *testing.T) {
	on := 0
	for y := int64(2); y < 300; y++ {
		raw := big.NewInt(y * 1_000_003).FillBytes(make([]byte, 32))
		slices.Reverse(raw)
		_, want := decompress(big.NewInt(y * 1_000_003))
		if got := onEdwards25519(raw); got != want {
			t.Errorf("y %d: got %t, want %t", y, got, want)
		}
		if want {
			on++
		} else if _, err := New(ed25519.PublicKey(raw)); reason.Of(err) != reason.KeyWeak {
			t.Errorf("y %d: got %v", y, err)
		}
	}
	if on < 100 || on > 200 {
		t.Errorf("%d of 298 are points", on)
	}
	for extra := range int64(19) { // y from p to 2^255-1: a second spelling of 0 to 18
		raw := new(big.Int).Add(prime(), big.NewInt(extra)).FillBytes(make([]byte, 32))
		slices.Reverse(raw)
		if onEdwards25519(raw) {
			t.Errorf("p+%d is taken for a coordinate", extra)
		}
	}
}

// TestFieldAgainstBigNumbers draws limbs up to what mul and sub leave in them.
func TestFieldAgainstBigNumbers(t *testing.T) {
	value := func(e element) *big.Int {
		v := new(big.Int)
		for i := 4; i >= 0; i-- {
			v.Lsh(v, 51).Add(v, new(big.Int).SetUint64(e[i]))
		}
		return mod(v)
	}
	limbs := rapid.SliceOfN(rapid.OneOf(rapid.Uint64Range(0, 1<<52), rapid.SampledFrom([]uint64{0, 1, 18, 19, limb - 19, limb - 18, limb - 1, limb, limb + 1})), 5, 5)
	rapid.Check(t, func(t *rapid.T) {
		a, b := element(limbs.Draw(t, "a")), element(limbs.Draw(t, "b"))
		x, y := value(a), value(b)
		if got, want := value(mul(a, b)), mod(new(big.Int).Mul(x, y)); got.Cmp(want) != 0 {
			t.Fatalf("product: %v, want %v", got, want)
		}
		if got, want := value(square(a)), mod(new(big.Int).Mul(x, x)); got.Cmp(want) != 0 {
			t.Fatalf("square: %v, want %v", got, want)
		}
		if got, want := value(sub(a, b)), mod(new(big.Int).Sub(x, y)); got.Cmp(want) != 0 {
			t.Fatalf("difference: %v, want %v", got, want)
		}
		if got, want := isSquare(a), big.Jacobi(x, prime()) >= 0; got != want {
			t.Fatalf("square: %t, want %t", got, want)
		}
		raw := x.FillBytes(make([]byte, 32))
		slices.Reverse(raw)
		if e, ok := newElement(raw); !ok || e != a.reduce() {
			t.Fatalf("reduced: %v, want %v", a.reduce(), e)
		}
		// What mul leaves must be fit to be multiplied again, and again.
		if got, want := value(squares(mul(a, b), 3)), new(big.Int).Exp(mod(new(big.Int).Mul(x, y)), big.NewInt(8), prime()); got.Cmp(want) != 0 {
			t.Fatalf("power: %v, want %v", got, want)
		}
	})
}

// TestMixedOrder signs as the holder of a under the key A + T with T of order eight. A check that
// multiplies by eight would accept; ours and the library's must not. It also shows that S + L,
// the other spelling of S, fails.
func TestMixedOrder(t *testing.T) {
	a, r := big.NewInt(123456789123456789), big.NewInt(987654321987654321)
	message := []byte("mixed order")
	honest, mixed := times(a, base()), add(times(a, base()), torsion(t))
	refused := 0
	for i := range int64(8) {
		rr := new(big.Int).Add(r, big.NewInt(i))
		for _, of := range []point{honest, mixed} {
			R, A := encode(times(rr, base())), encode(of)
			k := new(big.Int).Mod(littleEndian(hash(R, A, message)), order())
			s := new(big.Int).Mul(k, a)
			s.Add(s, rr).Mod(s, order())
			pub, err := New(ed25519.PublicKey(A))
			if err != nil {
				t.Fatal(err)
			}
			residue := new(big.Int).Mod(k, big.NewInt(8)).Sign()
			want := of == honest || residue == 0 // k·T vanishes
			if got := pub.Verify(message, signature(R, s)) == nil; got != want {
				t.Errorf("%d: got %t, want %t", i, got, want)
			}
			if !want {
				refused++
			}
			if pub.Verify(message, signature(R, s.Add(s, order()))) == nil {
				t.Errorf("%d: S+L verifies", i)
			}
		}
	}
	if refused < 4 {
		t.Errorf("%d mixed signatures were refused", refused)
	}
}

func hash(parts ...[]byte) []byte {
	h := sha512.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func littleEndian(b []byte) *big.Int {
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func signature(r []byte, s *big.Int) []byte {
	low := s.FillBytes(make([]byte, 32))
	slices.Reverse(low)
	return append(slices.Clone(r), low...)
}
