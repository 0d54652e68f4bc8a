-- Devices on which a component failed in the last week, by cause, and which part they are, now and in the week before
WITH last AS (SELECT max(week) AS week FROM components_weekly),
     before AS (
         SELECT t.app, t.component, t.cause, LEAST(1.0, 1.0 * t.devices_estimate / a.devices_estimate) AS part,
                LEAST(1.0, 1.0 * t.devices_lower / a.devices_upper) AS part_lower,
                CASE WHEN a.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.devices_upper / a.devices_lower) ELSE 1.0 END AS part_upper
         FROM components_weekly AS t
         CROSS JOIN last
         JOIN activity_weekly AS a ON a.app = t.app AND a.week = t.week
         WHERE t.week < last.week AND t.week >= last.week - INTERVAL '7 days'
     )
SELECT t.component, t.cause, t.devices_estimate, t.devices_lower, t.devices_upper,
       LEAST(1.0, 1.0 * t.devices_estimate / a.devices_estimate) AS share,
       LEAST(1.0, 1.0 * t.devices_lower / a.devices_upper) AS share_lower,
       CASE WHEN a.devices_lower > 0 THEN LEAST(1.0, 1.0 * t.devices_upper / a.devices_lower) ELSE 1.0 END AS share_upper,
       b.part AS week_before, b.part_lower AS week_before_lower, b.part_upper AS week_before_upper
FROM components_weekly AS t
JOIN last ON t.week = last.week
JOIN activity_weekly AS a ON a.app = t.app AND a.week = t.week
LEFT JOIN before AS b ON b.app = t.app AND b.component = t.component AND b.cause = t.cause
WHERE t.app = 'maps'
ORDER BY t.devices_lower DESC
