// Reads Avro data out of an array of bytes; what does not fit is refused.
package kaiku.peers;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;

final class Input {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    byte[] bytes;
    int at;
    /** Where the text begins that was read last; -1 where it was null. */
    int from;
    /** Where it ends. */
    int to;

    void over(byte[] record, int begin) {
        bytes = record;
        at = begin;
    }

    boolean isAtEnd() {
        return at == bytes.length;
    }

    private void need(long count) {
        if (count < 0 || count > bytes.length - at) {
            throw Refused.MALFORMED;
        }
    }

    long number() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            need(1);
            byte one = bytes[at++];
            value |= (one & 0x7fL) << shift;
            if (one >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw Refused.MALFORMED;
    }

    int small() {
        long value = number();
        if (value != (int) value) {
            throw Refused.MALFORMED;
        }
        return (int) value;
    }

    /** The number of a branch or symbol, of so many. */
    int choice(int many) {
        long value = number();
        if (value < 0 || value >= many) {
            throw Refused.MALFORMED;
        }
        return (int) value;
    }

    boolean isNull() {
        return choice(2) == 0;
    }

    int bool() {
        need(1);
        int value = bytes[at++];
        if ((value & ~1) != 0) {
            throw Refused.MALFORMED;
        }
        return value;
    }

    int skip(int count) {
        need(count);
        at += count;
        return at - count;
    }

    /** Eight bytes, the lowest first. */
    long fixed() {
        return (long) LONG.get(bytes, skip(8));
    }

    /** A text: where it lies is in `from` and `to`. */
    void text() {
        long length = number();
        need(length);
        from = at;
        at += (int) length;
        to = at;
        for (int one = from; one < to; one++) {
            if (bytes[one] < 0) {
                checkUtf8();
                return;
            }
        }
    }

    void optionalText() {
        if (isNull()) {
            from = to = -1;
        } else {
            text();
        }
    }

    private void checkUtf8() {
        try {
            utf8.decode(ByteBuffer.wrap(bytes, from, to - from));
        } catch (CharacterCodingException error) {
            throw Refused.MALFORMED;
        }
    }

    /** The number of items in the next block of an array; 0 where the array ends. */
    int block() {
        long count = number();
        if (count < 0) {
            number();
            count = -count;
        }
        if (count < 0 || count > Upload.MOST_EVENTS) {
            throw Refused.MALFORMED;
        }
        return (int) count;
    }
}
