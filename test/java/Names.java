import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.razorvine.pyro.NameServerProxy;
import net.razorvine.pyro.PyroException;
import net.razorvine.pyro.PyroProxy;
import net.razorvine.pyro.PyroURI;

/** Calls every method of Pyrolite's NameServerProxy, and prints what each gives: `java Names.java HOST PORT`. */
public class Names {
    interface Work {
        Object run() throws Exception;
    }

    static String own;

    public static void main(String[] args) throws Exception {
        NameServerProxy names = NameServerProxy.locateNS(args[0], Integer.parseInt(args[1]));
        try {
            own = names.lookup("Pyro.NameServer").toString();
            PyroURI camera = new PyroURI("PYRO:camera@host:4711");
            print("ping", () -> { names.ping(); return "ok"; });
            print("register", () -> { names.register("lab.camera", camera, false); return "ok"; });
            print("register again", () -> { names.register("lab.camera", camera, true); return "ok"; });
            print("register tags", () -> { names.register("lab.stage", camera, true, new String[] {"optics", "moves"}); return "ok"; });
            print("lookup", () -> names.lookup("lab.camera"));
            print("lookup unknown", () -> names.lookup("lab.nothing"));
            print("lookup tags", () -> names.lookup("lab.stage", true));
            print("lookup no tags", () -> names.lookup("lab.camera", true)[0]);
            print("list", () -> names.list(null, null).keySet());
            print("list prefix", () -> names.list("lab.s", null));
            print("list regex", () -> names.list(null, ".*stage"));
            print("list bad regex", () -> names.list(null, "(("));
            print("set_metadata", () -> { names.set_metadata("lab.camera", Set.of("optics")); return "ok"; });
            print("set_metadata unknown", () -> { names.set_metadata("lab.nothing", Set.of("optics")); return "ok"; });
            print("yplookup all", () -> names.yplookup(new String[] {"optics", "moves"}, null));
            print("yplookup any", () -> names.yplookup(null, new String[] {"optics", "moves"}));
            print("remove", () -> names.remove("lab.camera", null, null));
            print("remove again", () -> names.remove("lab.camera", null, null));
            print("remove own", () -> names.remove("Pyro.NameServer", null, null));
            print("remove prefix", () -> names.remove(null, "lab.", null));
            print("remove regex", () -> names.remove(null, null, ".*"));
            print("list at the end", () -> names.list(null, null).keySet());
            print("count", () -> names.call("count"));
        } finally {
            names.close();
        }
    }

    static void print(String what, Work work) {
        String result;
        try {
            result = shown(work.run());
        } catch (PyroException error) {
            String message = error.getMessage();
            // the text behind it is the one of the regex engine
            int end = message.indexOf("invalid regex");
            result = error.pythonExceptionType + ": " + (end < 0 ? message : message.substring(0, end + 13));
        } catch (Exception error) {
            result = error.toString();
        }
        System.out.println(what + ": " + result.replace(own, "OWN"));
    }

    static String shown(Object value) {
        if (value instanceof Object[] items) return Arrays.stream(items).map(Names::shown).toList().toString();
        if (value instanceof Set<?> set) return new TreeSet<>(set).toString();
        if (value instanceof Map<?, ?> map) {
            Map<String, String> sorted = new TreeMap<>();
            map.forEach((key, entry) -> sorted.put((String) key, shown(entry)));
            return sorted.toString();
        }
        return String.valueOf(value);
    }
}
