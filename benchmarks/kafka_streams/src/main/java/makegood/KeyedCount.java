package makegood;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.Stores;

/**
 * The keyed count in Kafka Streams' own words: {@code groupByKey().count()}, its store backed by a changelog.
 *
 * <p>What is counted and where is in the environment (see benchmarks/counting/task.py). Runs until SIGTERM.
 */
public final class KeyedCount {
    private static final String STORE = "count";

    private KeyedCount() {}

    /** Counts until told to stop; a stream thread that fails ends the process with 1. */
    public static void main(String[] arguments) throws InterruptedException {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(env("INPUT"), Consumed.with(Serdes.Bytes(), Serdes.ByteArray()))
                .groupByKey(Grouped.with(Serdes.Bytes(), Serdes.ByteArray()))
                .count(Materialized.<Bytes, Long>as(store()).withKeySerde(Serdes.Bytes()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings());
        streams.setUncaughtExceptionHandler(failure -> {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close(Duration.ofSeconds(20));
            stopped.countDown();
        }));
        streams.start();
        stopped.await();
    }

    private static KeyValueBytesStoreSupplier store() {
        return "rocksdb".equals(env("STORE"))
                ? Stores.persistentKeyValueStore(STORE)
                : Stores.inMemoryKeyValueStore(STORE);
    }

    /** Larger batches, polls and intervals between commits than the defaults, as the documentation has it. */
    private static Properties settings() {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, env("GROUP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env("BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, env("FOLDER"));
        boolean exactlyOnce = "exactly_once".equals(env("GUARANTEE"));
        settings.put(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                exactlyOnce ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, env("THREADS"));
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, env("COMMIT_MS"));
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, env("CACHE_BYTES"));
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 200_000);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
        return settings;
    }

    private static String env(String name) {
        String value = System.getenv("COUNT_" + name);
        if (value == null) {
            throw new IllegalStateException("COUNT_" + name + " is not set; run `python -m benchmarks engines`");
        }
        return value;
    }
}
