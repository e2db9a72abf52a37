import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Runs one Elasticsearch node from the published libraries, without the distribution's own start-up code.
 * Usage: SingleNode HOME name=value ... where HOME holds config/, modules/ and plugins/ and the rest are settings.
 */
public final class SingleNode {
    private static final String NAME = "rig";

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        Environment environment = environment(home, settings(home, arguments));
        Node node = new Node(environment, plugins(home));
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, closed)));
        node.start();
        closed.await();
    }

    private static Settings settings(Path home, String[] arguments) {
        Settings.Builder settings = Settings.builder().put("path.home", home.toString()).put("node.name", NAME);
        for (int i = 1; i < arguments.length; i++) {
            String[] nameAndValue = arguments[i].split("=", 2);
            settings.put(nameAndValue[0], nameAndValue[1]);
        }
        return settings.build();
    }

    private static Environment environment(Path home, Settings settings) throws Exception {
        LogConfigurator.registerErrorListener();
        LogConfigurator.configureESLogging();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> NAME);
        LogConfigurator.setNodeName(NAME);
        LogConfigurator.configure(environment, true);
        return environment;
    }

    private static PluginsLoader plugins(Path home) throws Exception {
        return PluginsLoader.createPluginsLoader(
            bundles("loadModulesBundles", home.resolve("modules")),
            bundles("loadPluginsBundles", home.resolve("plugins")),
            Map.of());
    }

    /** By reflection, because a release may add a second, boolean argument to these two methods. */
    @SuppressWarnings("unchecked")
    private static Set<PluginBundle> bundles(String name, Path folder) throws Exception {
        for (Method method : PluginsLoader.class.getMethods()) {
            if (method.getName().equals(name)) {
                boolean folderOnly = method.getParameterCount() == 1;
                return (Set<PluginBundle>) (folderOnly ? method.invoke(null, folder) : method.invoke(null, folder, false));
            }
        }
        throw new NoSuchMethodException(name);
    }

    private static void close(Node node, CountDownLatch closed) {
        try {
            node.close();
        } catch (Exception error) {
            error.printStackTrace();
        }
        closed.countDown();
    }
}
