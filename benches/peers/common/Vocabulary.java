// The catalogue and the reference tables as a peer asks them, read from the flat file that kit/vocabulary.py writes.
package kaiku.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

final class Vocabulary {
    /** What may be reported of one app. */
    static final class App {
        final Name name;
        final Names releases = new Names();
        final Names features = new Names();
        final Names causes = new Names();
        final Names components = new Names();

        App(Name name) {
            this.name = name;
        }
    }

    private static final int NEVER = Integer.MAX_VALUE;
    static final Name NO_ITEM = new Name("none", "", "none", NEVER);
    static final Name APP = Name.unlisted("app");
    static final Name RELEASE = Name.unlisted("release");
    static final Name FEATURE = Name.unlisted("feature");
    static final Name CAUSE = Name.unlisted("cause");
    static final Name COMPONENT = Name.unlisted("component");
    static final Name MODEL = Name.unlisted("model");
    static final Name OPERATOR = Name.unlisted("operator");
    static final Name UNKNOWN = new Name("country", "", "ZZ", NEVER);

    private final Names apps = new Names();
    private final Map<String, App> tables = new HashMap<>();
    private final App unlisted = new App(APP);
    private final Names models = new Names();
    private final Names codes = new Names();
    private final Names networks = new Names();
    private final Names countries = new Names();
    /** The first country of a mcc, and under `mcc-CC` each that it may be. */
    private final Names ofMcc = new Names();
    private final Map<String, Name> countryOf = new HashMap<>();
    /** Features that enter into pairs, by app and feature as state knows them. */
    private final Keys paired = new Keys();
    private final Keys homes = new Keys();
    /** By version the first day on which the text was there. */
    private int[] consents = new int[0];

    private static final Map<String, Vocabulary> READ = new HashMap<>();

    /** That of a file, read once a process. */
    static synchronized Vocabulary of(String file) {
        return READ.computeIfAbsent(file, Vocabulary::new);
    }

    private Vocabulary(String file) {
        tables.put("", unlisted);
        for (Name name : new Name[] {MODEL, OPERATOR, UNKNOWN}) {
            homes.put(name.key, name);
        }
        try (BufferedReader lines = Files.newBufferedReader(Path.of(file), StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                take(line.split("\t", -1));
            }
        } catch (IOException error) {
            throw new IllegalStateException("the vocabulary can't be read: " + file, error);
        }
    }

    private void take(String[] line) {
        switch (line[0]) {
            case "consent" -> {
                int version = Integer.parseInt(line[1]), before = consents.length;
                if (version >= before) {
                    consents = Arrays.copyOf(consents, version + 1);
                    Arrays.fill(consents, before, version, NEVER);
                }
                consents[version] = Integer.parseInt(line[2]);
            }
            case "app" -> {
                Name name = new Name("app", "", line[1], Integer.parseInt(line[2]));
                apps.put(line[1], name);
                tables.put(line[1], new App(name));
            }
            case "release", "feature", "cause", "component" -> declared(line);
            case "country" -> countries.put(line[1], home("country", line[1]));
            case "model" -> models.put(line[1], home("model", line[2]));
            case "code" -> codes.put(line[1], home("model", line[2]));
            case "network" -> {
                networks.put(line[1], home("operator", line[2]));
                countryOf.put(line[2], home("country", line[3]));
            }
            case "mcc" -> ofMcc.put(line[1], home("country", line[2]));
            default -> throw new IllegalStateException("a line of another kind: " + line[0]);
        }
    }

    private void declared(String[] line) {
        App app = tables.get(line[1]);
        Name name = new Name(line[0], line[1], line[2], Integer.parseInt(line[3]));
        switch (line[0]) {
            case "release" -> app.releases.put(line[2], name);
            case "feature" -> {
                app.features.put(line[2], name);
                paired.put(within(app.name, name), name);
            }
            case "cause" -> app.causes.put(line[2], name);
            default -> app.components.put(line[2], name);
        }
    }

    /** One value a name, however often it is listed. */
    private Name home(String kind, String text) {
        Name name = new Name(kind, "", text, NEVER);
        Name known = homes.find(name.key);
        if (known != null) {
            return known;
        }
        homes.put(name.key, name);
        return name;
    }

    /** The number of a name within an app: `unlisted` of one app is not that of another. */
    static long within(Name app, Name name) {
        return Long.rotateLeft(app.key, 32) ^ name.key;
    }

    /** A consent counts where its text is accepted and was there, give or take a day across time zones. */
    boolean accepts(int version, int since) {
        return version < consents.length && since + 1 >= consents[version];
    }

    App app(byte[] bytes, int from, int to, int day) {
        Name name = apps.find(bytes, from, to, day);
        return name == null ? unlisted : tables.get(name.text);
    }

    static Name or(Name found, Name unlisted) {
        return found == null ? unlisted : found;
    }

    /** The feature that enters into pairs under this number; null where it is none. */
    Name paired(long key) {
        return paired.find(key);
    }

    /** Model, operator or country by its number in state. */
    Name home(long key, Name otherwise) {
        return or(homes.find(key), otherwise);
    }

    Name model(Upload of) {
        Output scratch = of.scratch;
        scratch.clear();
        for (int at = of.brand; at < of.brandEnd; at++) {
            byte one = of.bytes[at];
            scratch.one(one >= 'A' && one <= 'Z' ? one + 32 : one);
        }
        scratch.one('/');
        scratch.bytes(of.bytes, of.model, of.modelEnd - of.model);
        Name found = models.find(scratch.bytes, 0, scratch.size);
        return or(found != null ? found : codes.find(of.bytes, of.model, of.modelEnd), MODEL);
    }

    /** What the device names, as a country. */
    Name named(Upload of) {
        return of.country < 0 ? UNKNOWN : or(countries.find(of.bytes, of.country, of.countryEnd), UNKNOWN);
    }

    /** The operator of the network; where countries share it, that of the one that the device names. */
    Name operator(Upload of, Name named) {
        if (of.mcc < 0 || of.mnc < 0) {
            return OPERATOR;
        }
        Output scratch = of.scratch;
        scratch.clear();
        scratch.bytes(of.bytes, of.mcc, of.mccEnd - of.mcc);
        scratch.one('-');
        scratch.bytes(of.bytes, of.mnc, of.mncEnd - of.mnc);
        Name found = null;
        int network = scratch.size;
        if (named != UNKNOWN) {
            scratch.one('-');
            scratch.bytes(named.avro, 1, 2);
            found = networks.find(scratch.bytes, 0, scratch.size);
        }
        return or(found != null ? found : networks.find(scratch.bytes, 0, network), OPERATOR);
    }

    /** The operator's own country, else one of its mcc, else the one that the device names. */
    Name country(Upload of, Name operator, Name named) {
        Name own = countryOf.getOrDefault(operator.text, UNKNOWN);
        if (own != UNKNOWN) {
            return own;
        }
        if (of.mcc < 0) {
            return named;
        }
        Output scratch = of.scratch;
        scratch.clear();
        scratch.bytes(of.bytes, of.mcc, of.mccEnd - of.mcc);
        scratch.one('-');
        scratch.bytes(named.avro, 1, 2);
        Name found = ofMcc.find(scratch.bytes, 0, scratch.size);
        return or(found != null ? found : ofMcc.find(of.bytes, of.mcc, of.mccEnd), named);
    }
}
