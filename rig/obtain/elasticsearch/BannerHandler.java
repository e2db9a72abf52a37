package nightshift.banner;

import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.XContentBuilder;

/** Says which server this is, in the fields that clients read. */
final class BannerHandler extends BaseRestHandler {
    private final Supplier<ClusterService> cluster;

    BannerHandler(Supplier<ClusterService> cluster) {
        this.cluster = cluster;
    }

    @Override
    public String getName() {
        return "nightshift_banner";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> channel.sendResponse(new RestResponse(RestStatus.OK, banner(channel.newBuilder())));
    }

    private XContentBuilder banner(XContentBuilder json) throws IOException {
        ClusterService service = cluster.get();
        json.startObject();
        json.field("name", service.getNodeName());
        json.field("cluster_name", service.getClusterName().value());
        json.field("cluster_uuid", service.state().metadata().clusterUUID());
        version(json.startObject("version"), Build.current()).endObject();
        return json.field("tagline", "You Know, for Search").endObject();
    }

    private static XContentBuilder version(XContentBuilder json, Build build) throws IOException {
        json.field("number", build.qualifiedVersion());
        json.field("build_flavor", build.flavor());
        json.field("build_type", build.type().displayName());
        json.field("build_hash", build.hash());
        json.field("build_date", build.date());
        json.field("build_snapshot", build.isSnapshot());
        json.field("lucene_version", IndexVersion.current().luceneVersion().toString());
        json.field("minimum_wire_compatibility_version", build.minWireCompatVersion());
        return json.field("minimum_index_compatibility_version", build.minIndexCompatVersion());
    }
}
