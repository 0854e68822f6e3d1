// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"context"
	"math/bits"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
)

// shows counts the decoys that are revoked and suspended in packed.
func shows(packed []byte) (revoked, suspended int) {
	for _, b := range packed {
		revoked += bits.OnesCount8(b & 0x55 &^ (b >> 1))
		suspended += bits.OnesCount8(b >> 1 & 0x55 &^ b)
	}
	return revoked, suspended
}

// TestDecoysOverTime follows the decoys of a list through their span: from the first day on some are
// set, more are as time passes and never fewer revoked, and a suspension ends.
func TestDecoysOverTime(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	s, err := w.pub.schedule(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	const all = DefaultCapacity / DecoyShare
	var before []byte
	for day := range 301 {
		packed := make([]byte, DefaultCapacity*width/8)
		s.show(packed, w.now().Add(time.Duration(day)*24*time.Hour))
		revoked, suspended := shows(packed)
		expected := all * 3 / 4 * (100 + day) / 400 // a straight line from a quarter to all of them
		if revoked < expected*9/10 || revoked > expected*11/10 {
			t.Errorf("day %d: %d are revoked, about %d are to be expected", day, revoked, expected)
		}
		if day < 290 && suspended < 20 || suspended > all/8 {
			t.Errorf("day %d: %d are suspended", day, suspended)
		}
		for i := range before {
			if was := before[i] & 0x55 &^ (before[i] >> 1); was&^(packed[i]&0x55) != 0 {
				t.Fatalf("day %d: a decoy is revoked no more", day)
			}
		}
		if day > 0 && bytes.Equal(before, packed) {
			t.Errorf("nothing has changed on day %d", day)
		}
		before = packed
	}
}

// TestDecoysLast: every process that publishes a list shows the same decoys, before a restart and after
// it, whatever the time is then.
func TestDecoysLast(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	w.token(id)
	first, err := w.pub.schedule(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.add(30 * 24 * time.Hour)
	w.restart()
	again, err := w.pub.schedule(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if first == again || len(first.decoys) == 0 || len(first.decoys) != len(again.decoys) {
		t.Fatal("the schedule was not made again")
	}
	for i := range first.decoys {
		if first.decoys[i] != again.decoys[i] {
			t.Fatalf("decoy %d differs after a restart", i)
		}
	}
	_, l := w.token(id)
	if !bytes.Equal(l.Bits.Bytes(), w.decoys(id)) {
		t.Error("the list does not show its decoys")
	}
}

// TestDecoysHideNothing: a state that was set shows, whatever the decoys do.
func TestDecoysHideNothing(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	s, err := w.pub.schedule(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []byte{tokenlist.ValueInvalid, tokenlist.ValueSuspended} {
		packed := bytes.Repeat([]byte{value * 0x55}, DefaultCapacity*width/8)
		shown := bytes.Clone(packed)
		s.show(shown, w.now().Add(time.Hour))
		if !bytes.Equal(shown, packed) {
			t.Errorf("a decoy hides the value %d", value)
		}
	}
}

// TestDecoyShows: a decoy alone makes a list be signed anew, at the latest when the list is.
func TestDecoyShows(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	first, l := w.token(id)
	w.add(24 * time.Hour)
	second, later := w.token(id)
	if first.ETag == second.ETag || bytes.Equal(l.Bits.Bytes(), later.Bits.Bytes()) {
		t.Error("no decoy has changed within a day")
	}
	ref := w.allocate()
	w.set(status.Revoked, ref)
	if _, l := w.token(id); true {
		if got, err := l.Bits.State(ref.Index); err != nil || got != status.Revoked {
			t.Errorf("%v %v among decoys", got, err)
		}
	}
}

// TestOldListHasNoDecoys: a list that was begun before there were any keeps all its indices.
func TestOldListHasNoDecoys(t *testing.T) {
	m := meta{DefaultCapacity, bytes.Repeat([]byte{1, 2}, seedSize/2), 0}
	s := newSchedule(m, time.Unix(1, 0))
	if len(s.decoys) != 0 {
		t.Errorf("%d decoys", len(s.decoys))
	}
}

// TestExtract holds the fast way to a slow one.
func TestExtract(t *testing.T) {
	packed := make([]byte, chunkSize)
	for i := range packed {
		packed[i] = byte(i * 37)
	}
	for purpose, value := range map[Purpose]byte{Revocation: tokenlist.ValueInvalid, Suspension: tokenlist.ValueSuspended} {
		got := extract(packed, purpose)
		for i := range len(packed) * 4 {
			want := packed[i/4]>>(i%4*2)&3 == value
			if on := got[i/8]>>(7-i%8)&1 == 1; on != want {
				t.Fatalf("%s: bit %d is %v", purpose, i, on)
			}
		}
	}
}
